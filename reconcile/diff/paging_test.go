package diff_test

import (
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// paged is the account in which a service's incidents page whoever is on call on Weekly.
// Everybody but those named gets a call at once.
func paged(without ...string) *inventory.Snapshot {
	s := Turns()
	for id, u := range s.Users {
		u.NotificationRules = []inventory.NotificationRule{{Urgency: "high", Contact: "phone_contact_method"}}
		s.Users[id] = u
	}
	for _, id := range without {
		u := s.Users[id]
		u.NotificationRules = []inventory.NotificationRule{{Urgency: "high", Contact: "email_contact_method"}}
		s.Users[id] = u
	}
	s.EscalationPolicies = map[string]inventory.EscalationPolicy{"ESC": {ID: "ESC", Name: "Checkout", Services: []string{"SVC"},
		Rules: []inventory.EscalationRule{{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: "WEE"}}}}}}
	s.Services = map[string]inventory.Service{"SVC": {ID: "SVC", Name: "Checkout", EscalationPolicy: "ESC", Status: "active"}}
	s.Normalize()
	return s
}

func TestS47_WhoJoinsAndDoesNotWakeUpIsHeldAndWhoDoesIsNot(t *testing.T) {
	st := on(Rotation("ann bob cy Weekly"), "Weekly", "Day", "ed")
	p := MustMake(t, Input(paged("ed"), st)).Plan
	if len(p.Held) != 1 || p.Held[0].Code != plan.HoldPaging || p.Held[0].User != "ed" || !p.Held[0].Releasable {
		t.Fatalf("held %+v, edits %+v", p.Held, p.Edits)
	}
	why := p.Held[0].Why
	for _, part := range []string{"escalation policy Checkout", "by e-mail alone", "ed@acme.com", "now 0 min"} {
		if !strings.Contains(why, part) {
			t.Errorf("it says %q, without %q", why, part)
		}
	}
	for name, s := range map[string]*inventory.Snapshot{
		"reached by phone":          paged(),
		"nobody wakes up as it is":  paged("ann", "bob", "cy", "ed"),
		"no service has the policy": func() *inventory.Snapshot { s := paged("ed"); s.Services = nil; return s }(),
		"the only service is disabled": func() *inventory.Snapshot {
			s := paged("ed")
			v := s.Services["SVC"]
			v.Status = "disabled"
			s.Services["SVC"] = v
			return s
		}(),
		"another level reaches in time": func() *inventory.Snapshot { return backed(paged("ed"), 10) }(),
	} {
		if p := MustMake(t, Input(s, st)).Plan; len(p.Held) > 0 || len(p.Edits) != 1 {
			t.Errorf("%s: held %+v", name, p.Held)
		}
	}
	if p := MustMake(t, Input(backed(paged("ed"), 20), st)).Plan; len(p.Held) != 1 || !strings.Contains(p.Held[0].Why, "no device ring within 15 minutes") {
		t.Errorf("the second level reaches too late: held %+v", p.Held)
	}
}

// backed is an account with a second level, on which the owner is reached, after minutes.
func backed(s *inventory.Snapshot, minutes int) *inventory.Snapshot {
	e := s.EscalationPolicies["ESC"]
	e.Rules = []inventory.EscalationRule{e.Rules[0], {DelayMinutes: 30, Targets: []inventory.Target{{Type: "user", ID: "own"}}}}
	e.Rules[0].DelayMinutes = minutes
	s.EscalationPolicies["ESC"] = e
	s.Normalize()
	return s
}

func TestS47_AReleaseLetsAnUnreachableJoinerThrough(t *testing.T) {
	in := Input(paged("ed"), on(Rotation("ann bob cy Weekly"), "Weekly", "Day", "ed"))
	held := MustMake(t, in).Plan.Held
	in.Memory.Released = map[string]plan.Release{held[0].ID: {At: Noon}}
	if p := MustMake(t, in).Plan; len(p.Held) > 0 || len(p.Edits) != 1 {
		t.Errorf("held %+v", p.Held)
	}
}

func TestS47_WhoTakesOverFromSomebodyReachableIsHeldWithThem(t *testing.T) {
	p := MustMake(t, Input(paged("ed"), on(Rotation("ann bob Weekly"), "Weekly", "Day", "ed"))).Plan
	if len(p.Held) != 2 || len(p.Edits) != 0 {
		t.Errorf("held %+v, edits %+v", p.Held, p.Edits)
	}
}

func TestS47_AnOverrideByWhomNothingWakesIsHeld(t *testing.T) {
	st := Override(Rotation("ann bob cy Weekly"), "ed", "Weekly", 24, 48, "")
	if p := MustMake(t, Input(paged("ed"), st)).Plan; len(p.Held) != 1 || p.Held[0].Code != plan.HoldPaging {
		t.Errorf("held %+v", p.Held)
	}
	if p := MustMake(t, Input(paged(), st)).Plan; len(p.Held) != 0 {
		t.Errorf("reachable: held %+v", p.Held)
	}
}
