package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/decide"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// HoldsText writes what waits for people: by the reason, then by place.
func HoldsText(w io.Writer, h *decide.Holds, s Style) error {
	t := newPlanText(w, h.Plan, s)
	t.alarms(h.Alarms)
	source := fmt.Sprintf("round %d", h.Round)
	if h.Round == 0 {
		source = "planned now"
	}
	if len(h.Held) == 0 {
		t.line("Nothing is held (%s, %s).", clock(h.AsOf), source)
		t.unconfirmed(h)
		return t.err
	}
	t.line("%s", t.strong(fmt.Sprintf("Held: %s (%s, %s)", count(len(h.Held), "change", "changes"), clock(h.AsOf), source)))
	if t.byReason(h.Held, "", true) {
		t.line("")
		t.line("%s", letThrough)
	}
	t.unconfirmed(h)
	return t.err
}

// alarms writes what needs a person's look at once.
func (t *planText) alarms(alarms []apply.EditAlarmed) {
	for _, a := range alarms {
		t.line("%s", t.alarm(fmt.Sprintf("ALARM since %s: %s", clock(a.Since), a.Why)))
	}
	if len(alarms) > 0 {
		t.line("")
	}
}

// unconfirmed writes which names need a person's confirmation.
func (t *planText) unconfirmed(h *decide.Holds) {
	if len(h.Unconfirmed) == 0 {
		return
	}
	t.line("")
	t.line("%s", t.strong("What these names reach is unknown, and left as it is (S11):"))
	for _, why := range h.Unconfirmed {
		t.line("  %s", t.alarm(why))
	}
}

// letThrough is how a held change is let through.
const letThrough = "Look at each. To let one through: dutyward release KEY --reason WHY. `*` stands for a part of a key, as in 'team/PABC123/*'."

// advised are the reasons to hold where another way on than the command is reported too.
var advised = []code.Code{plan.HoldEmptying, plan.HoldMovedTurn, plan.HoldHidingOverride, plan.HoldVoidedOverride, plan.HoldRefusedEdit, plan.HoldDisplacedTurns, plan.HoldManyJoins, plan.HoldPaging}

// byReason writes held changes with their keys: by the reason, which is said once,
// then by place. It says whether a person can let one through.
func (t *planText) byReason(all []decide.Hold, indent string, apart bool) (waiting bool) {
	type reason struct {
		code      code.Code
		rule, why string
	}
	var order []reason
	by := map[reason][]decide.Hold{}
	for _, held := range all {
		r := reason{held.Code, held.Rule, held.Why}
		if _, seen := by[r]; !seen {
			order = append(order, r)
		}
		by[r] = append(by[r], held)
	}
	for i, r := range order {
		if apart || i > 0 {
			t.line("")
		}
		t.line("%s%s", indent, t.alarm(r.rule+": "+r.why))
		var rows []row
		for _, held := range by[r] {
			r := row{change: held.Change, key: held.ID}
			if held.Released != nil {
				by := ""
				if held.ReleasedBy != "" {
					by = " by " + held.ReleasedBy
				}
				r.key += fmt.Sprintf(" (released %s%s; the next round makes it)", clock(*held.Released), by)
			}
			rows = append(rows, r)
		}
		t.rows(rows, indent+"  ")
		if !by[r][0].Releasable {
			t.line("%s  %s", indent, t.mild("next step: "+by[r][0].Release))
			continue
		}
		waiting = true
		if slices.Contains(advised, r.code) {
			t.line("%s  %s", indent, t.mild("next step: "+by[r][0].Release))
		}
	}
	return waiting
}
