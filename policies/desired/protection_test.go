package desired_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// protectedAt are the reasons of the protections that cover a pair with these roles then.
func protectedAt(e *desired.Expansion, hours float64, pair desired.Pair, roles ...string) []string {
	var why []string
	for _, p := range e.At(at(hours)).Protections {
		if p.Covers(pair, roles...) {
			why = append(why, p.Reason)
		}
	}
	return why
}

func TestAProtectionCoversItsPeopleResourceAndRoleWhileItLasts(t *testing.T) {
	st := groups("breakglass user:di@acme.com", "relief user:cy@acme.com")
	st.Members[1].From = ptr(at(2))
	st.Protects = []policies.Protect{
		{Reason: "everything", Until: ptr(at(1)), Origins: origin(1)},
		{Principal: ref("group:breakglass"), Reason: "her", Origins: origin(2)},
		{Resource: ref("team:Payments"), Reason: "payments", Origins: origin(3)},
		{Resource: inventory.AccountRef, Role: "owner", Reason: "owners", Origins: origin(4)},
		{Principal: ref("group:relief"), Resource: ref("team:Search"), Reason: "relief", Origins: origin(5)},
		{Principal: ref("user:bob@acme.com"), Reason: "bob", Origins: nil},
	}
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	pay, sea := ref("team:#PAY"), ref("team:#SEA")
	for name, c := range map[string]struct {
		hours float64
		pair  desired.Pair
		roles []string
		want  []string
	}{
		"everything, until it ends":        {0.9, desired.Pair{User: "ann", Resource: sea}, nil, []string{"everything"}},
		"nothing once it has ended":        {1, desired.Pair{User: "ann", Resource: sea}, nil, nil},
		"a person on whatever resource":    {1, desired.Pair{User: "di", Resource: sea}, nil, []string{"her"}},
		"a resource, whoever it is":        {1, desired.Pair{User: "ann", Resource: pay}, nil, []string{"payments"}},
		"a role that somebody has":         {1, desired.Pair{User: "ann", Resource: inventory.AccountRef}, []string{"user", "owner"}, []string{"owners"}},
		"no other role":                    {1, desired.Pair{User: "ann", Resource: inventory.AccountRef}, []string{"user"}, nil},
		"no role at all":                   {1, desired.Pair{User: "ann", Resource: inventory.AccountRef}, nil, nil},
		"a group's member, not in it yet":  {1, desired.Pair{User: "cy", Resource: sea}, nil, nil},
		"a group's member, once in it":     {2, desired.Pair{User: "cy", Resource: sea}, nil, []string{"relief"}},
		"both the person and the resource": {2, desired.Pair{User: "cy", Resource: ref("team:#OPS")}, nil, nil},
		"a person without a rule's place":  {1, desired.Pair{User: "bob", Resource: sea}, nil, []string{"bob"}},
	} {
		if got := protectedAt(e, c.hours, c.pair, c.roles...); !slices.Equal(got, c.want) {
			t.Errorf("%s: protected by %q, want %q", name, got, c.want)
		}
	}
	for _, p := range e.At(noon).Protections {
		if p.Reason == "payments" && p.By.Line != 3 {
			t.Errorf("the protection of payments is from %v, want line 3", p.By)
		}
	}
}

func TestS12_AProtectionThatCannotBeAppliedIsAReasonToHoldEverything(t *testing.T) {
	for name, c := range map[string]struct {
		protect  policies.Protect
		holds    int
		warnings int
	}{
		"a team that does not exist":    {policies.Protect{Resource: ref("team:Nope")}, 1, 0},
		"a group that nobody declares":  {policies.Protect{Principal: ref("group:nope")}, 1, 0},
		"a person without an account":   {policies.Protect{Principal: ref("user:new@acme.com")}, 0, 1},
		"a team and a person there are": {policies.Protect{Principal: ref("user:di@acme.com"), Resource: ref("team:Search")}, 0, 0},
	} {
		c.protect.Origins = origin(7)
		st := &policies.Statements{Protects: []policies.Protect{c.protect, c.protect}}
		a := access(st, nil, noon)
		if len(a.ProtectUnresolved) != c.holds || len(a.Warnings) != c.warnings {
			t.Errorf("%s: holds %q, warnings %v", name, desired.Messages(a.ProtectUnresolved), a.Warnings)
		}
		if c.holds > 0 && !strings.HasPrefix(a.ProtectUnresolved[0].Message, "a protection can't be applied: ") {
			t.Errorf("%s: it says %q", name, a.ProtectUnresolved[0].Message)
		}
	}
}

func TestALeaversAccessIsTakenByNobodyYetAndSaidSo(t *testing.T) {
	st := groups("left user:di@acme.com", "left user:cy@acme.com", "left user:ann@acme.com")
	st.Leavers = []policies.Leaver{
		{Principal: ref("group:left"), Reason: "left in March", Origins: origin(4)},
		{Principal: ref("user:di@acme.com"), Reason: "left in March", Origins: origin(5)},
	}
	a := access(st, nil, noon)
	var got []string
	for _, u := range a.Unsupported {
		got = append(got, u.What)
	}
	want := []string{"deprovisioning of ann@acme.com (left in March)", "deprovisioning of cy@acme.com (left in March)", "deprovisioning of di@acme.com (left in March)"}
	if !slices.Equal(got, want) {
		t.Errorf("not carried out are %q, want %q", got, want)
	}
	if len(a.Leavers["di"]) != 2 || len(a.Leavers["cy"]) != 1 {
		t.Errorf("leavers %v", a.Leavers)
	}
}

// What a rule could have limited or protected when it fails is not known; what it
// could have granted is held by the rounds.
func TestS5_ALimitOrProtectionThatFailsMakesEverythingUnknown(t *testing.T) {
	for rule, unknown := range map[string]bool{"limit": true, "protect": true, "grant": false, "group": false} {
		st := &policies.Statements{Failures: []policies.Failure{{Rule: rule, Message: "boom", Origin: policies.Origin{File: "p.rego", Line: 3}}}}
		a := access(st, nil, noon)
		if got := a.UnknownReason(desired.Pair{User: "ann", Resource: ref("team:#PAY")}) != ""; got != unknown {
			t.Errorf("a failed %s makes everything unknown: %t, want %t", rule, got, unknown)
		}
		if len(a.Suspends) != 1 || len(a.Errors) != 1 {
			t.Errorf("a failed %s suspends %q, errors %v", rule, desired.Messages(a.Suspends), a.Errors)
		}
	}
}
