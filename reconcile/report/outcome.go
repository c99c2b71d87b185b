package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/diff"
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

// Past is a round in a list.
type Past struct {
	Round       int64
	Began       time.Time
	Interrupted bool
	// Actor is who let it be made, Command what ran and Reason what the actor said; each
	// may be empty.
	Actor, Command, Reason string
	Made                   plan.Tally
	// Alarms are those about the round's edits of schedules, ended ones too.
	Alarms []apply.EditAlarmed
}

// HistoryText writes a list of rounds.
func HistoryText(w io.Writer, rounds []Past, s Style) error {
	p := newPage(w, s)
	if len(rounds) == 0 {
		p.line("No recorded round has changed anything yet.")
	}
	digits := 0
	for _, r := range rounds {
		digits = max(digits, len(fmt.Sprint(r.Round)))
	}
	for _, r := range rounds {
		text := fmt.Sprintf("round %*d  %s  %s", digits, r.Round, clock(r.Began), made(r.Made))
		if by := strings.TrimPrefix(r.Command, "dutyward "); by != "" {
			text += "  " + by
		}
		if r.Actor != "" {
			text += " by " + r.Actor
		}
		if r.Interrupted {
			text += p.alarm("  interrupted")
		}
		p.line("%s", text)
		if r.Reason != "" {
			p.line("    reason: %s", r.Reason)
		}
		for _, a := range r.Alarms {
			p.line("    %s", p.alarm(alarmText(a)))
		}
	}
	return p.err
}

func alarmText(a apply.EditAlarmed) string {
	until := "stands"
	if a.Ended != nil {
		until = "ended " + clock(*a.Ended)
	}
	return fmt.Sprintf("ALARM since %s, %s: %s", clock(a.Since), until, a.Why)
}

// MadeText writes what a round wrote, in the order of its writes. The plan is
// the round's; its names are used. Released are who let through what had been held.
func MadeText(w io.Writer, p *plan.Plan, made []apply.Outcome, released map[string]plan.Release, title string, began time.Time, s Style) error {
	t := newPlanText(w, p, s)
	t.line("%s", t.strong(fmt.Sprintf("%s, %s: %s", title, clock(began), count(len(made), "change", "changes"))))
	var rows []row
	for _, o := range made {
		r := row{change: o.Change}
		if let, ok := released[o.Change.ID]; ok {
			by := ""
			if let.Actor != "" {
				by = " by " + let.Actor
			}
			r.notes = append(r.notes, fmt.Sprintf("released %s%s: %s", clock(let.At), by, let.Reason))
		}
		rows = append(rows, r)
	}
	t.rows(rows, "  ")
	return t.err
}

// ReversalText writes what undoes a round: what is left, the plan, and what the
// policies will do about it.
func ReversalText(w io.Writer, v *diff.Reversal, s Style) error {
	t := newPlanText(w, v.Plan, s)
	if len(v.Left) > 0 {
		t.head("Left as it is (%d)", len(v.Left))
		var rows []row
		for _, l := range v.Left {
			rows = append(rows, row{change: l.Change, notes: []string{l.Why}})
		}
		t.rows(rows, "  ")
		t.line("")
	}
	if err := PlanText(w, v.Plan, s); err != nil {
		return err
	}
	if n := len(v.Again); n > 0 {
		t.line("")
		t.line("%s", t.alarm(fmt.Sprintf("The policies ask for the contrary of %d of these: the next round would make it again.", n)))
	}
	return t.err
}
