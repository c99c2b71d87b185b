package doctor

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// Round judges the plan of a round, or the error of making it, and what earlier
// rounds lowered.
func Round(p *plan.Plan, recent []plan.Recent, err error) []Check {
	if err != nil {
		return []Check{fail("round", "`dutyward plan` shows it", "no plan can be made: %v", err)}
	}
	return []Check{references(p), suspended(p), limits(p, recent)}
}

// Pause judges whether changes are paused; p is nil if they are not.
func Pause(p *reconcile.Pause) Check {
	if p == nil {
		return ok("pause", "changes are not paused")
	}
	return warn("pause", "`dutyward resume` ends it", "nothing is changed: paused %s", p.By())
}

// references judges whether what the policies name is there.
func references(p *plan.Plan) Check {
	const remedy = "`dutyward plan` shows each with its place"
	switch {
	case len(p.Errors) > 0:
		return fail("references", remedy, "%s, the first: %s", report.Counted(len(p.Errors), "error"), p.Errors[0].Message)
	case len(p.Warnings) > 0:
		return warn("references", remedy, "%s, the first: %s", report.Counted(len(p.Warnings), "warning"), p.Warnings[0].Message)
	case len(p.Unknown) > 0:
		return warn("references", remedy, "for %d it is unknown what they should have, the first because %s", len(p.Unknown), p.Unknown[0].Reason)
	case len(p.Absent) > 0:
		return ok("references", "all names resolve, but for %s", people(len(p.Absent)))
	}
	return ok("references", "all names resolve")
}

func people(n int) string {
	if n == 1 {
		return "1 person who is not in the account"
	}
	return fmt.Sprintf("%d people who are not in the account", n)
}

func suspended(p *plan.Plan) Check {
	if len(p.Suspended) == 0 {
		return ok("lowering", "nothing keeps access from being lowered")
	}
	return fail("lowering", "fix that; lowering resumes automatically then", "nothing is lowered: %s", p.Suspended[0].Message)
}

// limits judges the bounds on how many changes go on at once (S26).
func limits(p *plan.Plan, recent []plan.Recent) Check {
	lowered := 0
	for _, r := range recent {
		if r.Effect == plan.Lower && p.Now.Sub(r.At) < 24*time.Hour {
			lowered++
		}
	}
	text := fmt.Sprintf("%s in the last 24 hours", report.Counted(lowered, "lowering"))
	held := slices.IndexFunc(p.Held, func(h plan.Held) bool { return h.Code == plan.HoldBurst })
	switch {
	case held >= 0:
		return warn("limits", "look at each in `dutyward plan`, then `dutyward release KEY… --reason …`", "%s; a limit holds more back: %s", text, p.Held[held].Why)
	case len(p.Held) > 0:
		return warn("limits", "look at each in `dutyward plan`", "%s; %s held for another reason", text, report.Counted(len(p.Held), "change"))
	}
	return ok("limits", "%s, and none held back", text)
}
