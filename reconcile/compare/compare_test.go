package compare_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/compare"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

// differing are the lines of a difference: what is asked for, what the plan does
// about it, and what begins and ends.
func differing(d *compare.Difference) []string {
	var out []string
	for _, a := range d.Access {
		until := ""
		if (a.UntilBefore == nil) != (a.UntilAfter == nil) {
			until = ", another end"
		}
		out = append(out, fmt.Sprintf("access %s%s: %s>%s%s (%s>%s)", a.Effect, " "+a.User, a.Before, a.After, until, a.Was.State, a.Then.State))
	}
	for _, c := range d.Consequences {
		out = append(out, fmt.Sprintf("consequence%s: %s>%s", " "+c.User, c.Was.State, c.Then.State))
	}
	for _, a := range d.Absent.Begins {
		out = append(out, "absent begins "+a.Email)
	}
	for _, a := range d.Absent.Ends {
		out = append(out, "absent ends "+a.Email)
	}
	for _, e := range d.Errors.Begins {
		out = append(out, "error begins "+e.Message)
	}
	for range d.Protections.Ends {
		out = append(out, "a protection ends")
	}
	return out
}

func TestCompare(t *testing.T) {
	base := []string{"user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "user:cy@acme.com team:Search responder"}
	with := func(more ...string) *policies.Statements {
		return Grants(append(base[:len(base):len(base)], more...)...)
	}
	protected := func(s *policies.Statements) *policies.Statements {
		s.Protects = append(s.Protects, policies.Protect{Principal: Ref("user:bob@acme.com"), Reason: "r", Origins: Origin(50)})
		return s
	}
	cases := []struct {
		name          string
		before, after *policies.Statements
		want          []string
	}{
		{"the same policies differ in nothing", with(), with(), nil},
		{"the same grants in other lines differ in nothing", with(), Grants(base[2], base[0], base[1]), nil},
		{"one more grant", with(), with("user:di@acme.com team:Search observer"), []string{"access raise di: none>observer (none>change)"}},
		{"a grant less", with(), Grants(base[0], base[2]), []string{"access lower bob: responder>none (none>change)"}},
		{"a higher role", with(), with("user:bob@acme.com team:Payments manager"), []string{"access raise bob: responder>manager (none>change)"}},
		{"an end where there was none", with(), Grants(base[0], base[1]+" until 5", base[2]), []string{"access  bob: responder>responder, another end (none>none)"}},
		{"the first grant on a team: whoever no rule puts there has to go", Grants(base[2]), Grants(base[2], base[0]), []string{
			"access raise ann: none>manager (left>none)", "consequence bob: left>change",
		}},
		{"the last grant on a team: its members are left alone", Grants(base[2], base[0]), Grants(base[2]), []string{
			"access lower ann: manager>none (none>left)", "consequence bob: change>left",
		}},
		{"somebody without an account", with(), with("user:new@acme.com team:Search observer"), []string{"absent begins new@acme.com"}},
		{"and back", with("user:new@acme.com team:Search observer"), with(), []string{"absent ends new@acme.com"}},
		{"a name that nothing has", with(), with("user:di@acme.com team:Serch observer"), []string{"error begins team:Serch does not exist; did you mean team:Search?"}},
		{"a protection that goes", protected(Grants(base[0], base[2])), Grants(base[0], base[2]), []string{
			"consequence bob: protected>change", "a protection ends",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Account()
			d := compare.Compare(MustMake(t, Input(s, c.before)), MustMake(t, Input(s, c.after)))
			if diff := cmp.Diff(c.want, differing(d)); diff != "" {
				t.Errorf("the difference (-want +got):\n%s", diff)
			}
			if d.Empty() != (len(c.want) == 0) {
				t.Errorf("Empty() is %v", d.Empty())
			}
		})
	}
}
