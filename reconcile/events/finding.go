package events

import (
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// findings are those that began and ended.
func (t *Told) findings(at time.Time, p *plan.Plan, s *inventory.Snapshot) []Event {
	var open []plan.Finding
	var keys []string
	for _, f := range p.Findings {
		if f.Waived == nil {
			open = append(open, f)
			keys = append(keys, f.Rule+" "+f.Subject.String()+" "+f.Resource.String())
		}
	}
	fresh, ended := news(&t.Findings, keys)
	if !t.known {
		return nil // the digest counts them
	}
	var all []Event
	for _, i := range fresh {
		f := open[i]
		if len(fresh) > burst {
			all = append(all, event(FindingBegan, at, Event{Title: "findings", Details: append([]Detail{{"new", len(fresh)}}, bySeverity(p)...)}))
			break
		}
		all = append(all, event(FindingBegan, at, Event{
			Subject: named(p, f.Subject), Resource: named(p, f.Resource), Details: []Detail{{"finding", string(f.Code)}, {"severity", f.Severity}},
			Rule: f.Rule, Reason: f.Message, Remedy: f.Remediation,
		}))
	}
	if len(ended) > 0 {
		index := inventory.NewIndex(s)
		for i, key := range ended {
			ended[i] = readable(index, key)
		}
		all = append(all, event(FindingEnded, at, Event{Details: []Detail{{"findings", len(ended)}}, Reason: some(ended)}))
	}
	return all
}

// bySeverity counts the open findings.
func bySeverity(p *plan.Plan) []Detail {
	n := OpenFindings(p)
	return []Detail{{"critical", n["critical"]}, {"high", n["high"]}, {"medium", n["medium"]}, {"low", n["low"]}}
}

// OpenFindings counts the findings that nobody waived, by severity; each severity is
// there.
func OpenFindings(p *plan.Plan) map[string]int {
	n := map[string]int{"critical": 0, "high": 0, "medium": 0, "low": 0}
	for _, f := range p.Findings {
		if f.Waived == nil {
			n[f.Severity]++
		}
	}
	return n
}

// readable is a finding's key with names for ids.
func readable(index *inventory.Index, key string) string {
	parts := strings.SplitN(key, " ", 3)
	for i := 1; i < len(parts); i++ {
		if ref, err := inventory.ParseRef(parts[i]); err == nil && ref.ID != "" {
			parts[i] = index.Named(ref)
		}
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// expiring is access given for a while that ends soon, once.
func (t *Told) expiring(at time.Time, p *plan.Plan) []Event {
	var keys []string
	for _, x := range p.Expiring {
		keys = append(keys, strings.Join([]string{x.User, x.Resource.String(), x.Role, x.Until.String()}, " "))
	}
	fresh, _ := news(&t.Expiring, keys)
	var all []Event
	for _, i := range fresh {
		x := p.Expiring[i]
		if len(fresh) > burst {
			return append(all, event(Expiring, at, Event{
				Details: []Detail{{"people_and_resources", len(fresh)}, {"first_until", x.Until.Format(time.RFC3339)}},
			}))
		}
		source := ""
		for _, by := range x.By {
			source = by.Source
		}
		all = append(all, event(Expiring, at, Event{
			User: named(p, inventory.ByID(inventory.KindUser, x.User)), Resource: named(p, x.Resource), Until: x.Until,
			Details: []Detail{{"role", x.Role}, {"then", x.Then}, {"source", source}},
		}))
	}
	return all
}
