package forecast_test

import (
	"testing"

	"github.com/dutyward/dutyward/inventory"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

// Of two seats on the full licence, ann's and bob's, ann's is free once her role
// needs none: di's raise a day later takes it.
func TestAForecastCarriesTheSeatsThatItsChangesFree(t *testing.T) {
	s := Account()
	full, light := "FULL", "LIGHT"
	s.Licenses = map[string]inventory.License{
		full:  {ID: full, Name: "Full", ValidRoles: []string{"owner", "admin", "user", "limited_user"}, Available: Ptr(0)},
		light: {ID: light, Name: "Light", ValidRoles: []string{"read_only_user"}, Available: Ptr(1)},
	}
	for id, u := range s.Users {
		u.License = &full
		if id == "stk" || id == "di" {
			u.License, u.BaseRole = &light, "read_only_user"
		}
		s.Users[id] = u
	}
	st := Grants("user:cy@acme.com account limited_user until 20", "user:cy@acme.com account read_only_user",
		"user:di@acme.com account user from 40", "user:stk@acme.com account user from 50", "user:cy@acme.com account limited_user from 60")
	wantSteps(t, Input(s, st), 4,
		"Tue 17 08:00 account cy limited_user>read_only_user expiry",
		"Wed 18 04:00 account di read_only_user>user expiry",
		"Wed 18 14:00 blocked: account stk read_only_user>user expiry",
		"Thu 19 00:00 blocked: account cy read_only_user>limited_user expiry",
	)
}
