package diff_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// faulty has the planning of one resource panic.
func faulty(in diff.Input, r string) diff.Input {
	diff.Sabotage(&in, func(x inventory.Ref) {
		if x.String() == r {
			var none []string
			_ = none[len(r)]
		}
	})
	return in
}

func TestAFaultAboutOneResourceLeavesTheOthersAlone(t *testing.T) {
	st := Rotation("ann bob cy di Weekly", "ann bob cy di Follow")
	st.Grants = append(st.Grants, Grants("user:ann@acme.com team:Payments manager", "user:ann@acme.com team:Search manager").Grants...)
	whole := onTurns(MustMake(t, Input(Turns(), st)).Plan)
	for r, name := range map[string]string{"schedule:#WEE": "schedule:Weekly", "team:#PAY": "team:Payments"} {
		t.Run(name, func(t *testing.T) {
			p := MustMake(t, faulty(Input(Turns(), st), r)).Plan
			about := func(ref inventory.Ref) bool { return ref.String() == r }
			if slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return about(c.Resource) }) {
				t.Errorf("%s is changed: %v", name, Lines(p))
			}
			unknown := slices.IndexFunc(p.Unknown, func(u desired.Unknown) bool { return about(u.Resource) && u.User == "*" })
			faults := p.Faults()
			if unknown < 0 || len(faults) != 1 || !strings.Contains(faults[0], name) || !strings.Contains(faults[0], "please report it") || !strings.Contains(faults[0], "contain_test.go:") {
				t.Errorf("unknown %+v, faults %q", p.Unknown, faults)
			}
			if r == "team:#PAY" && !slices.Equal(onTurns(p), whole) {
				t.Errorf("turns are planned otherwise: %v", onTurns(p))
			}
			if !slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return !about(c.Resource) }) {
				t.Error("nothing else is planned")
			}
		})
	}
}

func TestAFaultAboutOnePersonLeavesTheOthersAlone(t *testing.T) {
	st := Grants("user:ann@acme.com account user", "user:bob@acme.com account user", "user:ann@acme.com team:Search manager")
	n := 0
	in := Input(Account(), st)
	diff.Sabotage(&in, func(x inventory.Ref) {
		if x == inventory.AccountRef {
			if n++; n%8 == 3 { // one of the people of account
				panic("out of order")
			}
		}
	})
	p := MustMake(t, in).Plan
	if len(p.Faults()) != 1 || len(p.Unknown) != 1 || p.Unknown[0].User == "*" || len(p.Changes) < 2 {
		t.Errorf("faults %q, unknown %+v, changes %v", p.Faults(), p.Unknown, Lines(p))
	}
}

// What is at fault before anything is planned of one resource is an error that says
// so, and no panic.
func TestAFaultElsewhereIsAnError(t *testing.T) {
	in := Input(Account(), Grants("user:ann@acme.com team:Search manager"))
	in.Snapshot = nil
	_, err := diff.Make(in)
	var fault *diff.FaultError
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "please report it") {
		t.Errorf("err %v", err)
	}
}

// A fault about one person takes back nothing of the others.
func TestAFaultAboutOnePersonLeavesWhatWasDecidedOfOthers(t *testing.T) {
	in := Input(Account(), Grants("user:adm@acme.com account user", "user:bob@acme.com account observer", "user:cy@acme.com account user"))
	times := 0
	diff.Sabotage(&in, func(r inventory.Ref) {
		if r == inventory.AccountRef {
			if times++; times%8 == 3 { // bob
				panic("out of order")
			}
		}
	})
	p := MustMake(t, in).Plan
	wantDue(t, p, "raise account cy limited_user>user policy", "lower account adm admin>user policy")
	if len(p.Unknown) != 1 || p.Unknown[0].User != "bob" || !strings.Contains(p.Unknown[0].Reason, "planning bob@acme.com on account: out of order (contain_test.go:") {
		t.Errorf("unknown %+v, want bob", p.Unknown)
	}
}

// What panics in planning one resource takes with it what was decided of that one, and
// says so: the first two times are when turns and overrides are compared, the third
// when the edit is made.
func TestAFaultTakesBackWhatWasDecidedOfItsResource(t *testing.T) {
	in := Input(Turns(), Rotation("ann bob cy di Weekly", "ann bob cy di Follow"))
	times := 0
	diff.Sabotage(&in, func(r inventory.Ref) {
		if r.ID == "WEE" {
			if times++; times%3 == 0 {
				panic("out of order")
			}
		}
	})
	p := MustMake(t, in).Plan
	wantTurns(t, p, "raise schedule:Follow di none>rotation policy")
	if want := "planning schedule:Weekly: out of order (contain_test.go:"; len(p.Unknown) != 1 || !strings.Contains(p.Unknown[0].Reason, want) {
		t.Errorf("unknown %+v, want one that says %q", p.Unknown, want)
	}
}
