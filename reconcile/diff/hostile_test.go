package diff_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/forecast"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
)

// place is a value somewhere in a document, and how another is put in its place.
type place struct {
	path string
	put  func(any)
	drop func()
}

// places are all values in a document, in a fixed order.
func places(v any, path string, put func(any), drop func()) []place {
	all := []place{{path, put, drop}}
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			all = append(all, places(v[k], path+"."+k, func(x any) { v[k] = x }, func() { delete(v, k) })...)
		}
	case []any:
		for i := range v {
			all = append(all, places(v[i], fmt.Sprintf("%s[%d]", path, i), func(x any) { v[i] = x }, func() { v[i] = nil })...)
		}
	}
	return all
}

// spoil puts what nobody expects in the place of some values.
func spoil(t *rapid.T, document any) {
	for range rapid.IntRange(1, 6).Draw(t, "spoilt") {
		all := places(document, "", func(any) {}, func() {})
		p := rapid.SampledFrom(all).Draw(t, "place")
		t.Log(p.path)
		if rapid.IntRange(0, 4).Draw(t, "dropped") == 0 {
			p.drop()
			continue
		}
		p.put(rapid.SampledFrom([]any{
			nil, "", "x", "ann", "nobody", "DAY", "PAY", 0, -1, 1, 7, 1 << 40, true, []any{}, map[string]any{}, []any{nil}, []any{"ann", "ann", "gone"},
			"0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2026-03-16T12:00:00Z", "2026-03-16T12:00:30Z", "2300-01-01T00:00:00Z",
			"Europe/Berlin", "RRULE:FREQ=DAILY;COUNT=1", "layers", "shifts", "user", "schedule", "manager", "read_only_user",
		}).Draw(t, "value"))
	}
}

// everything asks for turns, overrides and access on all that turns holds.
func everything(t *rapid.T) *policies.Statements {
	st := Rotation("ann bob cy di Weekly", "bob di Follow")
	if rapid.Bool().Draw(t, "others take turns") {
		st = Rotation("di ed stk gone Weekly", "ed Follow")
	}
	st.Grants = append(st.Grants, Grants(
		"group:g team:Payments manager", "team:Search team:Payments responder", "rotation:Weekly team:Search observer",
		"user:bob@acme.com account limited_user until 90000", "escalation:Weekly team:Search manager",
	).Grants...)
	st.Grants = append(st.Grants, policies.Grant{
		Principal: Ref("user:di@acme.com"), Resource: Ref("schedule:Follow"), Role: "override", From: Ptr(At(1)), Until: Ptr(At(90)),
		Replaces: Ref("user:ann@acme.com"), Origins: Origin(30),
	})
	st = Members(st, "g oncall:Weekly", "g oncall:Follow", "g user:ed@acme.com")
	st.Members[0].WhenEmpty = policies.KeepLast
	st.Members[1].Lead, st.Members[1].Lag = time.Hour, time.Hour
	st.Limits = []policies.Limit{{Principal: Ref("user:cy@acme.com"), Resource: Ref("group:*"), AtMost: "none", Reason: "r", Origins: Origin(50)}}
	return st
}

func noAccountEndsTheProgram(t *rapid.T) {
	text, err := json.Marshal(Turns())
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	spoil(t, document)
	spoilt, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var s inventory.Snapshot
	if err := json.Unmarshal(spoilt, &s); err != nil {
		t.Skip(err)
	}
	s.Normalize()
	began := time.Now()
	in := Input(&s, everything(t))
	r, err := diff.Make(in)
	if err != nil {
		if _, fault := err.(*diff.FaultError); fault {
			t.Fatal(err)
		}
		return
	}
	if faults := r.Plan.Faults(); len(faults) > 0 {
		t.Fatal(faults)
	}
	if _, err := json.Marshal(r.Plan); err != nil {
		t.Fatalf("the plan can't be written: %v", err)
	}
	diff.After(&s, r.Plan)
	if w := s.Account.Window; w.Until.Sub(s.Now) < 100*24*time.Hour {
		_, _ = forecast.Foresee(in, s.Now.Add(10*24*time.Hour))
	}
	if took := time.Since(began); took > time.Minute {
		t.Fatalf("took %s", took)
	}
}

func TestNoAccountEndsTheProgram(t *testing.T) { rapid.Check(t, noAccountEndsTheProgram) }

func FuzzAccount(f *testing.F) { f.Fuzz(rapid.MakeFuzz(noAccountEndsTheProgram)) }
