package pagerduty

import (
	"context"
	"net/http"
)

// TokenUser is the id of the user to whom the token belongs; empty for an
// account's API key, which belongs to nobody: PagerDuty then answers 400.
// Source: OpenAPI, getCurrentUser.
func (c *Client) TokenUser(ctx context.Context) (string, error) {
	var answer struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if _, err := c.get(ctx, "/users/me", nil, nil, &answer); err != nil && status(err) != http.StatusBadRequest {
		return "", err
	}
	return answer.User.ID, nil
}

// Address is the address of the API that the client speaks to.
func (c *Client) Address() string { return c.base }
