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
