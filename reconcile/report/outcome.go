package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Progress returns a function that writes a line for each change that an apply
// settles. The plan is the one that is applied; its names are used.
func Progress(w io.Writer, p *plan.Plan, s Style) func(apply.Step) {
	t := newPlanText(w, p, s)
	var users, places, moves []string
	for _, c := range p.Changes {
		moves = append(moves, move(c))
		users = append(users, t.user(c.User))
		places = append(places, t.place(c.Resource, c.Layer))
	}
	who, where, what := widest(users, 40), widest(places, 40), widest(moves, 40)
	return func(step apply.Step) {
		if step.Outcome == nil {
			return
		}
		c := step.Change
		mark := t.raise
		if c.Effect == plan.Lower {
			mark = t.lower
		}
		digits := len(fmt.Sprint(step.Total))
		t.line("  [%*d/%d] %s  %s  %s  %s", digits, step.Settled, step.Total,
			mark(symbol(c)+" "+pad(t.user(c.User), who)), pad(t.place(c.Resource, c.Layer), where), pad(move(c), what), t.outcome(*step.Outcome))
	}
}

// outcome is what became of a change, in words.
func (t *planText) outcome(o apply.Outcome) string {
	word := string(o.Status)
	switch {
	case o.Status == apply.Already && o.Why != "":
		word = o.Why
	case o.Why != "":
		word += ": " + o.Why
	}
	if o.Uncertain {
		word += " (it may have taken effect all the same; the next run looks)"
	}
	switch o.Status {
	case apply.Done:
		return t.raise(word)
	case apply.Already:
		return t.mild(word)
	}
	return t.alarm(word)
}

// ApplyText writes what became of a plan: the changes that did not come about,
// each with its reason, and the summary.
func ApplyText(w io.Writer, p *plan.Plan, r *apply.Report, s Style) error {
	t := newPlanText(w, p, s)
	if r.Failed() {
		t.head("Not done")
		for _, o := range r.Outcomes {
			if o.Status.Succeeded() {
				continue
			}
			c := o.Change
			t.line("  %s %s on %s: %s", symbol(c), t.user(c.User), t.place(c.Resource, c.Layer), move(c))
			t.line("      %s", t.outcome(o))
		}
	}
	t.line("")
	if r.Stopped != "" {
		t.line("%s", t.alarm("Stopped: "+r.Stopped+"."))
	}
	t.line("%s", t.strong(ApplySummary(r)))
	return t.err
}

// ApplySummary is an apply in one line.
func ApplySummary(r *apply.Report) string {
	var done plan.Tally
	for _, o := range r.Outcomes {
		if o.Status == apply.Done {
			done.Count(o.Change)
		}
	}
	parts := []string{"Applied: " + made(done)}
	for _, c := range []struct {
		n    int
		what string
	}{
		{r.Counts.Already, "already so"}, {r.Counts.Conflict, "changed meanwhile"},
		{r.Counts.Failed, "failed"}, {r.Counts.Skipped, "skipped"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	text := strings.Join(parts, "; ")
	if took := r.Ended.Sub(r.Began).Round(100 * time.Millisecond); took > 0 {
		text += fmt.Sprintf(" (%s)", took)
	}
	return text + "."
}
