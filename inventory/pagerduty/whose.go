package pagerduty

import (
	"context"
	"net/http"
)

// TokenUser is the id of the user to whom the token belongs; empty where
// PagerDuty names nobody: an account's API key belongs to nobody, and the answer
// is 400 then; a scoped OAuth token may not have the right to ask. Source:
// OpenAPI, getCurrentUser.
func (c *Client) TokenUser(ctx context.Context) (string, error) {
	var answer struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	_, err := c.get(ctx, "/users/me", nil, nil, &answer)
	switch status(err) {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound:
		return "", nil
	}
	return answer.User.ID, err
}

// Address is the address of the API that the client speaks to.
func (c *Client) Address() string { return c.base }
