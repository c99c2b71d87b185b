package diff_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

// addressed is the account in which a person has another e-mail address.
func addressed(user, email string) *inventory.Snapshot {
	s := Account()
	u := s.Users[user]
	u.Email = email
	s.Users[user] = u
	return s
}

// operatedInput is a plan that would take ann's admin role and cy's team.
func operatedInput(s *inventory.Snapshot, operators ...string) diff.Input {
	in := Input(s, Grants("user:#ann account observer", "user:di@acme.com team:Search manager"))
	in.Settings.Operators = operators
	return in
}

func TestS20_AnOperatorWhoseAddressChangedStaysProtectedAndIsTold(t *testing.T) {
	in := operatedInput(Account(), "Ann@ACME.com")
	first := MustMake(t, in)
	if got := first.Pinned()["user:ann@acme.com"]; got != "ann" {
		t.Fatalf("the operator's name is remembered as %q", got)
	}
	in = operatedInput(addressed("ann", "ann.new@acme.com"), "ann@acme.com")
	in.Memory.Pinned = first.Pinned()
	p := MustMake(t, in).Plan
	if len(p.Protected) != 1 || len(p.Suspended) != 0 || p.Summary.Lower != 1 {
		t.Errorf("%q, want ann protected and cy taken off", Lines(p))
	}
	if len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Message, "#ann, who had it, now has ann.new@acme.com") {
		t.Errorf("errors %v do not say what to write", p.Errors)
	}
}

func TestS20_AnOperatorWhomNobodyIsSuspendsLowering(t *testing.T) {
	for name, c := range map[string]struct {
		operator, why string
		pinned        map[string]string
	}{
		"a slip of the pen":       {"ann@acme.con", "did you mean ann@acme.com?", nil},
		"an id that is not there": {"#PGONE", "nobody in PagerDuty has the id #PGONE", nil},
		"deleted":                 {"eve@acme.com", "#eve, who had it, is gone", map[string]string{"user:eve@acme.com": "eve"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := operatedInput(Account(), c.operator)
			in.Memory.Pinned = c.pinned
			p := MustMake(t, in).Plan
			if p.Summary.Lower != 0 || p.Summary.Raise != 1 || len(p.Held) != 2 || p.Held[0].Rule != "S20" {
				t.Errorf("%q, want the lowerings held by S20 and the raise due", Lines(p))
			}
			if len(p.Suspended) != 1 || !strings.Contains(p.Suspended[0].Message, c.why) || !strings.Contains(p.Suspended[0].Message, "correct it in the configuration") {
				t.Errorf("suspended %q, want %q and what to do", desired.Messages(p.Suspended), c.why)
			}
			if len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Message, c.why) {
				t.Errorf("errors %v", p.Errors)
			}
		})
	}
}

func TestS20_AllWhoMayBeMeantByAnOperatorsNameAreProtected(t *testing.T) {
	demoted := "user:#ann account observer; user:#bob account observer"
	for name, c := range map[string]struct {
		bob, ann, why string
		pinned        map[string]string
	}{
		"two people have the address":  {"Ann@acme.com", "ann@acme.com", "2 people", nil},
		"the address is another's now": {"ann@acme.com", "old.ann@acme.com", "dutyward confirm user:ann@acme.com", map[string]string{"user:ann@acme.com": "ann"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := addressed("bob", c.bob)
			ann := s.Users["ann"]
			ann.Email = c.ann
			s.Users["ann"] = ann
			in := Input(s, Grants(strings.Split(demoted, "; ")...))
			in.Settings.Operators, in.Memory.Pinned = []string{"ann@acme.com"}, maps.Clone(c.pinned)
			p := MustMake(t, in).Plan
			if len(p.Protected) != 2 || len(p.Changes) != 0 {
				t.Errorf("%q, want both protected", Lines(p))
			}
			if len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Message, c.why) {
				t.Errorf("errors %v, want one with %q", p.Errors, c.why)
			}
		})
	}
}

func TestS20_AnAddressIsTheSameHoweverItsLettersAreComposed(t *testing.T) {
	in := operatedInput(addressed("ann", "jos\u00e9@acme.com"), "JOSE\u0301@acme.com")
	if p := MustMake(t, in).Plan; len(p.Protected) != 1 || len(p.Errors) != 0 {
		t.Errorf("%q, errors %v: want josé protected", Lines(p), p.Errors)
	}
}

func TestS20_ARevertLowersNothingWhileAnOperatorCantBeFound(t *testing.T) {
	in := Input(Account(), everybody("user:di@acme.com team:Search manager"))
	made := MustMake(t, in).Plan.Changes
	after := Account()
	Put(after, "SEA", "di", "manager")
	in = Input(after, everybody("user:di@acme.com team:Search manager"))
	in.Settings.Operators = []string{"nobody@acme.com"}
	if v := MustMake(t, in).Revert(made); v.Plan.Summary.Lower != 0 || v.Plan.Summary.Held != 1 {
		t.Errorf("%q, want the reversal held", Lines(v.Plan))
	}
}

func TestS12_AProtectedPersonWhoseAddressChangedIsLeftAlone(t *testing.T) {
	st := Grants("user:#ann account observer")
	st.Protects = protects("user:ann@acme.com")
	first := MustMake(t, Input(Account(), st))
	in := Input(addressed("ann", "ann.new@acme.com"), st)
	in.Memory.Pinned = first.Pinned()
	if p := MustMake(t, in).Plan; len(p.Changes) != 0 || len(p.Unknown) != 1 {
		t.Errorf("%q, unknown %v: want ann unknown", Lines(p), p.Unknown)
	}
}

func protects(principal string) []policies.Protect {
	return []policies.Protect{{Principal: Ref(principal), Reason: "break glass", Origins: Origin(50)}}
}
