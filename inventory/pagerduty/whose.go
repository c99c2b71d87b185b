package pagerduty

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// TokenUser is the id of the user to whom the token belongs; empty where
// PagerDuty says that it is nobody's, as it does in a 400 of an account's API
// key. Any other answer than the user is an error: whoever it is must not be
// touched (S20). Source: OpenAPI, getCurrentUser.
func (c *Client) TokenUser(ctx context.Context) (string, error) {
	var user struct {
		ID string `json:"id"`
	}
	const pattern = "/users/me"
	_, err := c.getKey(ctx, pattern, nil, nil, "user", &user)
	switch {
	case saysNobodys(err):
		return "", nil
	case err != nil:
		return "", err
	case user.ID == "":
		return "", misshapen(request{method: http.MethodGet, pattern: pattern}, errors.New("the user has no id"))
	}
	return user.ID, nil
}

// saysNobodys matches the 400 that an account's API key gets. PagerDuty's own
// says "account-level access token"; the sentence is not documented, so that it
// is enough that there is one, and that it does not speak of something else.
// Source: python-pagerduty tests.
func saysNobodys(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
		return false
	}
	said := strings.ToLower(e.Message + " " + strings.Join(e.Errors, " "))
	return strings.Contains(said, "account") || strings.Contains(said, "user")
}

// Address is the address of the API that the client speaks to.
func (c *Client) Address() string { return c.base }
