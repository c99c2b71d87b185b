package report

import (
	"fmt"
	"io"
	"time"

	"github.com/dutyward/dutyward/reconcile/plan"
)

// Holds are the changes that wait for a person's word. Its JSON form is what
// `holds` prints for programs; every key is present.
type Holds struct {
	// AsOf is when it was planned, Round the recorded round; 0 for a plan that was
	// not recorded.
	AsOf  time.Time `json:"as_of"`
	Round int64     `json:"round"`
	Held  []Hold    `json:"held"`

	plan *plan.Plan
}

// Hold is one held change.
type Hold struct {
	plan.Held
	// Released is when a person let it through, which the next round carries out;
	// null if nobody did.
	Released *time.Time `json:"released"`
}

// NewHolds are the changes that a plan holds, with what was released since.
func NewHolds(p *plan.Plan, round int64, asOf time.Time, released map[string]plan.Release) *Holds {
	h := &Holds{AsOf: asOf, Round: round, Held: []Hold{}, plan: p}
	for _, held := range p.Held {
		one := Hold{Held: held}
		if r, ok := released[held.ID]; ok && !r.At.Before(asOf.Truncate(time.Second)) {
			one.Released = &r.At
		}
		h.Held = append(h.Held, one)
	}
	return h
}

// HoldsText writes what waits for people: by the reason, then by place.
func HoldsText(w io.Writer, h *Holds, s Style) error {
	t := newPlanText(w, h.plan, s)
	source := fmt.Sprintf("round %d", h.Round)
	if h.Round == 0 {
		source = "planned now"
	}
	if len(h.Held) == 0 {
		t.line("Nothing is held (%s, %s).", clock(h.AsOf), source)
		return t.err
	}
	t.line("%s", t.strong(fmt.Sprintf("Held: %s (%s, %s)", count(len(h.Held), "change", "changes"), clock(h.AsOf), source)))
	type reason struct{ rule, why string }
	var order []reason
	by := map[reason][]Hold{}
	for _, held := range h.Held {
		r := reason{held.Rule, held.Why}
		if _, seen := by[r]; !seen {
			order = append(order, r)
		}
		by[r] = append(by[r], held)
	}
	waiting := false
	for _, r := range order {
		t.line("")
		t.line("%s", t.alarm(r.rule+": "+r.why))
		var rows []row
		for _, held := range by[r] {
			note := held.ID
			if held.Released != nil {
				note += fmt.Sprintf(" (released %s; the next round makes it)", clock(*held.Released))
			}
			rows = append(rows, row{change: held.Change, notes: []string{note}})
		}
		t.rows(rows, "  ")
		if !by[r][0].Releasable() {
			t.line("  %s", t.mild("way on: "+by[r][0].Release))
			continue
		}
		waiting = true
		if r.rule == "S3" {
			t.line("  %s", t.mild("way on: "+by[r][0].Release))
		}
	}
	if waiting {
		t.line("")
		t.line("Look at each. To let one through: dutyward release KEY --reason WHY. `*` stands for a part of a key, as in 'team/PABC123/*'.")
	}
	return t.err
}
