package testaccount

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/forecast"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Steps are the lines of a forecast: the moment, and each change with what
// becomes of it.
func Steps(f *forecast.Forecast) []string {
	var out []string
	line := func(at time.Time, fate string, c plan.Change) {
		where := f.Names[c.Resource.String()]
		if part := f.Names[c.Resource.String()+"/"+c.Layer]; part != "" {
			where += " " + part
		}
		if c.Resource.Kind == inventory.KindAccount {
			where = "account"
		}
		out = append(out, fmt.Sprintf("%s %s%s %s %s>%s %s", at.Format("Mon 02 15:04"), fate, where, c.User, c.Before, c.After, c.Cause))
	}
	for _, s := range f.Steps {
		for _, c := range s.Changes {
			line(s.At, "", c)
		}
		for _, c := range s.Unenforced {
			line(s.At, "unenforced: ", c)
		}
		for _, c := range s.Blocked {
			line(s.At, "blocked: ", c.Change)
		}
		for _, c := range s.Held {
			line(s.At, "held: ", c.Change)
		}
	}
	return out
}

// WantSteps compares a forecast over some days, as lines, with what a test wants.
func WantSteps(t *testing.T, in diff.Input, days int, want ...string) *forecast.Forecast {
	t.Helper()
	f, err := forecast.Foresee(in, in.Now.AddDate(0, 0, days))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, Steps(f)); diff != "" {
		t.Errorf("the forecast differs (-want +got):\n%s", diff)
	}
	return f
}
