package pagerdutysim_test

import (
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim"
)

// askedByAnn makes the token one of Ann's, who has a licence.
func askedByAnn(o *pagerdutysim.Options) {
	o.UserTokens = map[string]string{"T0KEN": "PANN001"}
	licensed(o)
}

// licensed adds two kinds of licence: all full users but Stan have one of the
// full ones, of which one is left; stakeholders' are without limit.
func licensed(o *pagerdutysim.Options) {
	left, full := 1, "PFULL01"
	o.Seed.Licenses = map[string]inventory.License{
		"PFULL01": {ID: "PFULL01", Name: "Business (Full User)", RoleGroup: "FullUser", Available: &left,
			ValidRoles: []string{"owner", "admin", "user", "limited_user", "observer", "restricted_access"}},
		"PSTAKE1": {ID: "PSTAKE1", Name: "Business (Stakeholder)", RoleGroup: "Stakeholder",
			ValidRoles: []string{"read_only_user", "read_only_limited_user"}},
	}
	for id, u := range o.Seed.Users {
		u.License = &full
		if inventory.Stakeholder(u.BaseRole) {
			stake := "PSTAKE1"
			u.License = &stake
		}
		o.Seed.Users[id] = u
	}
}
