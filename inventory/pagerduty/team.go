package pagerduty

import (
	"context"
	"strings"

	"github.com/dutyward/dutyward/inventory"

	pd "github.com/PagerDuty/go-pagerduty"
)

type wireTeam struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Description *string       `json:"description"`
	DefaultRole string        `json:"default_role"`
	Parent      *pd.APIObject `json:"parent"`
	DeletedAt   *string       `json:"deleted_at"`
}

func (w wireTeam) inventory() inventory.Team {
	t := inventory.Team{
		ID: w.ID, Name: strings.TrimSpace(w.Name), Description: text(w.Description),
		DefaultRole: w.DefaultRole, Members: map[string]string{},
	}
	if w.Parent != nil && w.Parent.ID != "" {
		t.Parent = &w.Parent.ID
	}
	return t
}

type wireMember struct {
	User pd.APIObject `json:"user"`
	Role string       `json:"role"`
}

func (m wireMember) lacks() string {
	if m.Role == "" {
		return "role"
	}
	return ""
}

// TeamMembers reads the members of a team, user id to team role. An error is an
// *Error, or a *CountError if the members could not be counted.
func (c *Client) TeamMembers(ctx context.Context, teamID string) (map[string]string, error) {
	got, err := readList(ctx, c, list[wireMember]{
		pattern: "/teams/{}/members", ids: []string{teamID}, key: "members",
		id: func(m wireMember) string { return m.User.ID }, lacks: wireMember.lacks,
	})
	if err != nil {
		return nil, err
	}
	members := make(map[string]string, len(got.items))
	for _, m := range got.items {
		members[m.User.ID] = m.Role
	}
	return members, nil
}
