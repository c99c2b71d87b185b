package findings

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Add adds what risk policies flag to the plan, findings of one identity as one, and
// marks those that a waiver in force accepts.
func Add(p *plan.Plan, s *inventory.Snapshot, risk *policies.Statements, now time.Time) {
	if len(risk.Findings)+len(risk.Waivers) == 0 {
		return
	}
	index := inventory.NewIndex(s)
	type identity struct {
		rule              string
		subject, resource inventory.Ref
	}
	known := map[identity]int{}
	for _, f := range risk.Findings {
		id := identity{f.Rule, byID(index, f.Subject), byID(index, f.Resource)}
		if i, ok := known[id]; ok {
			p.Findings[i].By = append(p.Findings[i].By, f.Origins...)
			continue
		}
		known[id] = len(p.Findings)
		p.Findings = append(p.Findings, plan.Finding{
			Code: codeOf(f), Rule: f.Rule, Subject: id.subject, Resource: id.resource, Severity: f.Severity,
			Message: f.Message, Remediation: f.Remediation, By: f.Origins,
		})
	}
	waived := map[identity]*plan.Waived{}
	for _, w := range risk.Waivers {
		if !now.Before(w.Until) {
			continue
		}
		id := identity{w.Rule, byID(index, w.Subject), byID(index, w.Resource)}
		if prior := waived[id]; prior == nil || prior.Until.Before(w.Until) {
			waived[id] = &plan.Waived{Reason: w.Reason, Until: w.Until, By: w.Origins}
		}
	}
	for i := range p.Findings {
		f := &p.Findings[i]
		f.Waived = waived[identity{f.Rule, f.Subject, f.Resource}]
		p.Name(index, f.Subject)
		p.Name(index, f.Resource)
	}
	Sort(p.Findings)
	plan.Fill(p)
	p.Count()
}

// codeOf is the code of a finding: of a pack of this program, or of policies.
func codeOf(f policies.Finding) code.Code {
	if len(f.Origins) > 0 && f.Origins[0].Root == policies.PacksRoot {
		return Packed
	}
	return Stated
}

// byID is the reference by id where the name is found once, so that a finding
// and its waiver meet however each names its subject.
func byID(x *inventory.Index, r inventory.Ref) inventory.Ref {
	if ids := x.Find(r); r.ID == "" && len(ids) == 1 {
		return inventory.ByID(r.Kind, ids[0])
	}
	return r
}

// Sort puts the worst first.
func Sort(fs []plan.Finding) {
	severities := []string{"critical", "high", "medium", "low"}
	slices.SortFunc(fs, func(x, y plan.Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(severities, x.Severity), slices.Index(severities, y.Severity)),
			cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Subject.String(), y.Subject.String()),
			cmp.Compare(x.Resource.String(), y.Resource.String()), cmp.Compare(x.Message, y.Message),
		)
	})
}
