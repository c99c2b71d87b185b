package pagerduty

import (
	"context"
	"maps"
	"strings"

	"github.com/dutyward/dutyward/inventory"

	pd "github.com/PagerDuty/go-pagerduty"
)

type wireService struct {
	ID               string         `json:"id"`
	Name             string         `json:"name"`
	Description      *string        `json:"description"`
	Status           string         `json:"status"`
	EscalationPolicy pd.APIObject   `json:"escalation_policy"`
	Teams            []pd.APIObject `json:"teams"`
}

// readServices reads an optional part.
func (r *reading) readServices(ctx context.Context) {
	l := list[wireService]{
		pattern: "/services", key: "services",
		id: func(s wireService) string { return s.ID }, progress: r.progress("services"),
	}
	got, err := readList(ctx, r.c, l)
	if err == nil && got.total > len(got.items) {
		<-r.members // for the teams
		b := beyond[wireService]{
			c: r.c, l: l, name: func(s wireService) string { return s.Name },
			filters: batches("team_ids[]", r.teamIDs()), byName: true,
		}
		got, err = b.read(ctx, got)
	}
	if err != nil {
		r.unavailable("services")
	}
	for _, w := range got.items {
		r.s.Services[w.ID] = inventory.Service{
			ID: w.ID, Name: strings.TrimSpace(w.Name), Description: text(w.Description), Status: w.Status,
			EscalationPolicy: w.EscalationPolicy.ID, Teams: ids(w.Teams),
		}
	}
}

type wireLicense struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	RoleGroup  string   `json:"role_group"`
	ValidRoles []string `json:"valid_roles"`
	Available  *int     `json:"allocations_available"`
}

// licenses are an account's, by id.
func (c *Client) licenses(ctx context.Context) (map[string]inventory.License, error) {
	var list []wireLicense
	if _, err := c.getKey(ctx, "/licenses", nil, nil, "licenses", &list); err != nil {
		return nil, err
	}
	licenses := map[string]inventory.License{}
	for _, w := range list {
		licenses[w.ID] = inventory.License{
			ID: w.ID, Name: w.Name, RoleGroup: w.RoleGroup, ValidRoles: w.ValidRoles, Available: w.Available,
		}
	}
	return licenses, nil
}

// readLicenses reads an optional part: the licenses, and whose they are.
func (r *reading) readLicenses(ctx context.Context) {
	licenses, err := r.c.licenses(ctx)
	if err != nil {
		r.unavailable("licenses")
		return
	}
	maps.Copy(r.s.Licenses, licenses)
	type allocation struct {
		User    pd.APIObject `json:"user"`
		License pd.APIObject `json:"license"`
	}
	// The list documents no total. Source: OpenAPI, listLicenseAllocations.
	got, err := readList(ctx, r.c, list[allocation]{
		pattern: "/license_allocations", key: "license_allocations", uncounted: true,
		id: func(a allocation) string { return a.User.ID + " " + a.License.ID },
		lacks: func(a allocation) string {
			if a.User.ID == "" || a.License.ID == "" {
				return "user and license"
			}
			return ""
		},
		progress: r.progress("licenses"),
	})
	if err != nil {
		r.unavailable("licenses")
	}
	for _, a := range got.items {
		r.seats[a.User.ID] = a.License.ID
	}
}
