package pagerduty

import (
	"context"
	"maps"

	"github.com/dutyward/dutyward/inventory"

	pd "github.com/PagerDuty/go-pagerduty"
)

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
