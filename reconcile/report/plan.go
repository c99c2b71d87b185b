package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/findings"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// PlanText writes a plan for people, with each of its changes.
func PlanText(w io.Writer, p *plan.Plan, s Style) error {
	return PlanView{Style: s, Full: true}.Write(w, p)
}

func (t *planText) whole() {
	p := t.plan
	t.header()
	t.suspended()
	t.errors()
	t.overview()
	t.changes(p.Changes)
	t.edits()
	t.unenforced()
	t.blocked()
	t.held()
	t.unknown()
	t.protected()
	t.extra()
	t.implied()
	t.absent()
	t.unassigned()
	t.starting()
	t.expiring()
	t.findings()
	t.notices()
	t.line("")
	t.line("%s", t.strong(PlanSummary(p)))
}

// PlanJSON writes a plan for programs.
func PlanJSON(w io.Writer, p *plan.Plan) error {
	text, err := plan.Encode(p)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// PlanSummary is a plan in one line.
func PlanSummary(p *plan.Plan) string {
	s := p.Summary
	var rest []string
	add := func(n int, what string) {
		if n > 0 {
			rest = append(rest, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(s.Unenforced, "not enforced")
	add(s.Blocked, "blocked")
	add(s.Held, "held")
	add(s.Unknown, "unknown")
	add(s.Protected, "protected")
	add(s.Findings, map[bool]string{true: "finding", false: "findings"}[s.Findings == 1])
	add(s.Waived, "waived")
	add(len(p.Errors), map[bool]string{true: "error", false: "errors"}[len(p.Errors) == 1])
	also := strings.Join(rest, ", ")
	if len(p.Changes) > 0 {
		line := "Plan: " + due(plan.TallyOf(p.Changes))
		if also != "" {
			line += "; " + also
		}
		return line + "."
	}
	switch {
	case s.Unenforced+s.Blocked+s.Held+s.Unknown+len(p.Errors) > 0, holdsMore(p):
		return "No changes to apply: " + also + "."
	case also != "":
		return "No changes. PagerDuty holds what the policies say; " + also + "."
	}
	return "No changes. PagerDuty holds what the policies say."
}

// due is "8 to add, 3 to change, 3 to remove".
func due(t plan.Tally) string {
	return fmt.Sprintf("%d to add, %d to change, %d to remove", t.Add, t.Change, t.Remove)
}

// made is "8 added, 3 changed, 3 removed".
func made(t plan.Tally) string {
	return fmt.Sprintf("%d added, %d changed, %d removed", t.Add, t.Change, t.Remove)
}

// holdsMore says that PagerDuty holds more than policies allow, though nothing is to
// be changed about it, accepted or not.
func holdsMore(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Findings, func(f plan.Finding) bool {
		return f.Code == findings.BeyondLimit || f.Code == findings.LeaverRemains
	})
}

// planText is a plan being written.
type planText struct {
	*page
	plan *plan.Plan
	// shared are the names that several things of the plan have.
	shared map[string]bool
	// commit names the commit that a change is from; may be nil.
	commit func(plan.Change) string
}

func newPlanText(w io.Writer, p *plan.Plan, s Style) *planText {
	seen, shared := map[string]bool{}, map[string]bool{}
	for _, name := range p.Names {
		if seen[name] {
			shared[name] = true
		}
		seen[name] = true
	}
	return &planText{page: newPage(w, s), plan: p, shared: shared}
}

func (t *planText) header() {
	p := t.plan
	facts := []string{"for " + clock(p.Now)}
	if !p.TakenAt.Equal(p.Now) {
		facts = append(facts, "from the account as of "+clock(p.TakenAt))
	}
	if p.Expires != nil {
		facts = append(facts, "valid until "+clock(*p.Expires))
	}
	if p.Revision != "" {
		facts = append(facts, "policies "+short(p.Revision)+provenance(p.Policies))
	}
	t.line("%s  %s", t.strong("Plan of "+p.Account), t.mild(strings.Join(facts, ", ")))
}

// suspended says first what changes how everything below is to be read.
func (t *planText) suspended() {
	if len(t.plan.Suspended) == 0 {
		return
	}
	t.line("")
	t.line("%s", t.alarm("Nothing is lowered in this round, because:"))
	for _, why := range t.plan.Suspended {
		t.line("  %s", why.Message)
	}
}

// errors stand before what they may have kept from being there.
func (t *planText) errors() {
	if len(t.plan.Errors) == 0 {
		return
	}
	t.head("Errors (%d)", len(t.plan.Errors))
	for _, line := range noticeLines(t.plan.Errors) {
		t.line("  %s%s", t.lower("error: "), line)
	}
}

// short is the beginning of a digest, as much as people compare.
func short(digest string) string {
	if _, hex, ok := strings.Cut(digest, ":"); ok {
		digest = hex
	}
	return digest[:min(12, len(digest))]
}

// user is a person's name by id.
func (t *planText) user(id string) string {
	if name, ok := t.plan.Names["user:#"+id]; ok {
		return strings.TrimPrefix(name, "user:")
	}
	return "#" + id
}

// ref is a reference by name, and by id where several things have that name.
func (t *planText) ref(r inventory.Ref) string {
	if name, ok := t.plan.Names[r.String()]; ok && !t.shared[name] {
		if r.Kind == inventory.KindUser {
			return strings.TrimPrefix(name, "user:")
		}
		return name
	}
	return r.String()
}

// place is a resource by name, with the layer where there is one.
func (t *planText) place(r inventory.Ref, layer string) string {
	if layer == "" {
		return t.ref(r)
	}
	if name, ok := t.plan.Names[r.String()+"/"+layer]; ok {
		return t.ref(r) + " " + name
	}
	return t.ref(r) + " #" + layer
}

// provenance says where the policies are from, as far as that is known.
func provenance(roots []policies.Provenance) string {
	var known []string
	for _, p := range roots {
		if text := p.String(); text != "" && !slices.Contains(known, text) {
			known = append(known, text)
		}
	}
	if len(known) == 0 {
		return ""
	}
	return " (" + strings.Join(known, ", ") + ")"
}

func (t *planText) extra() {
	t.left("Not in any policy (%d): left as it is", func(d plan.Extra) bool { return d.Code != extraRuleFailed })
	t.left("Not known to be in any policy (%d), since a rule failed: left as it is", func(d plan.Extra) bool { return d.Code == extraRuleFailed })
}

// extraRuleFailed is the reason to leave something alone that a failed rule may name.
const extraRuleFailed = "extra/rule-failed"

func (t *planText) left(head string, of func(plan.Extra) bool) {
	var held []holding
	for _, d := range t.plan.Extra {
		if of(d) {
			held = append(held, holding{place: t.place(d.Resource, d.Layer), user: t.user(d.User), role: Role(d.Resource.Kind, d.Role), why: d.Why})
		}
	}
	if len(held) > 0 {
		t.head(head, len(held))
		t.holdings(held)
	}
}
