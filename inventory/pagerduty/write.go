package pagerduty

import (
	"context"
	"net/http"

	"github.com/dutyward/dutyward/inventory"
)

// SetBaseRole gives a user another role on the account. The user is as just
// read: PagerDuty demands name and e-mail beside the role. The licence is left
// out on purpose, for with the old one attached PagerDuty refuses roles that it
// does not cover. Source: OpenAPI, updateUser; Terraform provider PR 745.
func (c *Client) SetBaseRole(ctx context.Context, user inventory.User, role string) error {
	c.userWrites.Lock()
	defer c.userWrites.Unlock()
	type fields struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Email string `json:"email"`
		Role  string `json:"role"`
	}
	return c.write(ctx, http.MethodPut, "/users/{}", []string{user.ID}, map[string]fields{
		"user": {Type: "user", Name: user.Name, Email: user.Email, Role: role},
	})
}

// PutTeamMember adds a user to a team, or changes their team role there. The
// role is always sent: without it PagerDuty chooses one, which was "manager".
// Source: Terraform provider PR 151.
func (c *Client) PutTeamMember(ctx context.Context, teamID, userID, role string) error {
	return c.write(ctx, http.MethodPut, "/teams/{}/users/{}", []string{teamID, userID}, map[string]string{"role": role})
}

// RemoveTeamMember takes a user off a team. A 404 in answer to a repetition,
// after an attempt whose answer was lost, counts as done.
func (c *Client) RemoveTeamMember(ctx context.Context, teamID, userID string) error {
	return c.write(ctx, http.MethodDelete, "/teams/{}/users/{}", []string{teamID, userID}, nil)
}
