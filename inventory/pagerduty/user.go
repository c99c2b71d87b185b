package pagerduty

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/dutyward/dutyward/inventory"

	pd "github.com/PagerDuty/go-pagerduty"
)

// wireUser is a user as the API shows it with its includes. go-pagerduty's own
// type lacks deleted_at.
type wireUser struct {
	ID             string  `json:"id"`
	Name           string  `json:"name"`
	Email          string  `json:"email"`
	Role           string  `json:"role"`
	JobTitle       *string `json:"job_title"`
	TimeZone       *string `json:"time_zone"`
	Description    *string `json:"description"`
	InvitationSent bool    `json:"invitation_sent"`
	DeletedAt      *string `json:"deleted_at"`

	Teams          []pd.APIObject `json:"teams"`
	ContactMethods []struct {
		Type  string `json:"type"`
		Label string `json:"label"`
	} `json:"contact_methods"`
	NotificationRules []struct {
		StartDelayInMinutes int          `json:"start_delay_in_minutes"`
		Urgency             string       `json:"urgency"`
		ContactMethod       pd.APIObject `json:"contact_method"`
	} `json:"notification_rules"`
}

// userIncludes bring everything of a user in one answer, so that no request a
// user is needed. Source: OpenAPI, listUsers.
var userIncludes = []string{"contact_methods", "notification_rules", "teams"}

// inventory is the user without teams, whose roles the answer does not say, and
// without licence.
func (w wireUser) inventory() inventory.User {
	u := inventory.User{
		ID: w.ID, Name: strings.TrimSpace(w.Name), Email: strings.TrimSpace(w.Email), BaseRole: w.Role,
		JobTitle: text(w.JobTitle), TimeZone: text(w.TimeZone), Description: text(w.Description),
		Invited: w.InvitationSent, Teams: map[string]string{},
		ContactMethods:    []inventory.ContactMethod{},
		NotificationRules: []inventory.NotificationRule{},
	}
	for _, m := range w.ContactMethods {
		u.ContactMethods = append(u.ContactMethods, inventory.ContactMethod{Type: plainType(m.Type), Label: m.Label})
	}
	for _, r := range w.NotificationRules {
		u.NotificationRules = append(u.NotificationRules, inventory.NotificationRule{
			DelayMinutes: r.StartDelayInMinutes, Urgency: r.Urgency, Contact: plainType(r.ContactMethod.Type),
		})
	}
	return u
}

func (w wireUser) id() string { return w.ID }

func (w wireUser) deleted() bool { return text(w.DeletedAt) != "" }

// lacks is what a person lacks that every one has; empty if nothing.
func (w wireUser) lacks() string {
	switch {
	case w.Email == "":
		return "email"
	case w.Role == "":
		return "role"
	}
	return ""
}

// User reads one user. Teams is empty, for the answer does not say team roles,
// and License null. A user marked as deleted is a 404.
func (c *Client) User(ctx context.Context, id string) (inventory.User, error) {
	w, err := c.user(ctx, id)
	if err != nil {
		return inventory.User{}, err
	}
	if w.deleted() {
		return inventory.User{}, &Error{Status: 404, Message: "this user was deleted", Method: "GET", Endpoint: "/users/" + id}
	}
	return w.inventory(), nil
}

func (c *Client) user(ctx context.Context, id string) (wireUser, error) {
	const pattern = "/users/{}"
	query := url.Values{"include[]": userIncludes}
	u, _, err := getOne[wireUser](ctx, c, pattern, id, query, "user")
	if err == nil && !u.deleted() && u.lacks() != "" {
		err = misshapen(request{method: http.MethodGet, pattern: pattern, ids: []string{id}}, fmt.Errorf("the user has no %s", u.lacks()))
	}
	return u, err
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// plainType is a type without the suffix of references.
func plainType(t string) string { return strings.TrimSuffix(t, "_reference") }
