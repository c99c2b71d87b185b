package policies

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
)

// collect makes statements of what the rules gave.
func (s *Set) collect(rules []*rule, outcomes []outcome, now time.Time) (*Statements, error) {
	c := collector{report: newReport(s.files), byKey: map[string]*collected{}}
	for i, r := range rules {
		bad := 0
		for _, term := range outcomes[i].elements {
			bad += c.element(r, term, bad)
		}
		c.countBad(r, bad)
		c.failures = append(c.failures, outcomes[i].failures...)
	}
	st := &Statements{Failures: c.sortedFailures()}
	for _, key := range slices.Sorted(maps.Keys(c.byKey)) {
		st.add(c.byKey[key])
	}
	c.expiredWaivers(st, now)
	problems := c.report.problems.sorted()
	st.Warnings = problems.Warnings()
	if errs := problems.Errors(); len(errs) > 0 {
		st.Bad = errs
		return st, errs
	}
	return st, nil
}

// collected is an element with every rule that gave it.
type collected struct {
	element element
	origins []Origin
}

type collector struct {
	report   *report
	byKey    map[string]*collected
	failures []Failure
}

// maxBad is how many bad elements of one rule are told one by one.
const maxBad = 5

// element takes an element, or complains of it; it returns how many bad ones
// it found, after bad others of the same rule.
func (c *collector) element(r *rule, term *ast.Term, bad int) int {
	e, ok := elementOf(r.contract, term, evaluated)
	if complaints := e.complaintsUnlessNot(ok, r, term); len(complaints) > 0 {
		for _, complaint := range complaints {
			if bad < maxBad {
				c.report.at(r.location, complaint.problem(r.contract.name+" "+abbreviated(term)))
			}
		}
		return 1
	}
	key := e.key()
	seen := c.byKey[key]
	if seen == nil {
		seen = &collected{element: e}
		c.byKey[key] = seen
	}
	origin := r.origin
	origin.Source = e.text("source")
	seen.origins = addOrigin(seen.origins, origin)
	return 0
}

// countBad makes one failure of a rule's bad elements, and says how many were
// not told.
func (c *collector) countBad(r *rule, bad int) {
	if bad == 0 {
		return
	}
	failure := r.failure(fmt.Sprintf("gave %d bad element(s); see the problems", bad))
	failure.Bad = true
	c.failures = append(c.failures, failure)
	if bad > maxBad {
		c.report.at(r.location, Problem{Message: fmt.Sprintf("and %d more bad elements of this rule", bad-maxBad)})
	}
}

func (e element) complaintsUnlessNot(isObject bool, r *rule, term *ast.Term) []complaint {
	if isObject {
		return e.complaints()
	}
	return []complaint{notAnObject(r.contract, term, ast.ValueName(term.Value))}
}

func notAnObject(c *contractRule, term *ast.Term, typ string) complaint {
	return complaint{term: term,
		found:    fmt.Sprintf("%s %s as an element of %s", article(typ), typ, c.name),
		expected: "an object with " + c.shape()}
}

// abbreviated is a term as messages show it.
func abbreviated(t *ast.Term) string {
	text := t.String()
	if len(text) > 160 {
		return strings.ToValidUTF8(text[:157], "") + "…"
	}
	return text
}

// problem is c for the element shown.
func (c complaint) problem(shown string) Problem {
	return Problem{Message: shown, Found: c.found, Expected: c.expected, Suggestion: c.suggestion, Warning: c.warning}
}

// key is equal for elements that say the same. The source belongs to the
// origin, not to the statement.
func (e element) key() string {
	var b strings.Builder
	b.WriteString(e.rule.name)
	for _, f := range e.rule.fields {
		if f.name == "source" {
			continue
		}
		b.WriteByte(0)
		if t := e.moment(f.name); t != nil {
			b.WriteString(t.Format(time.RFC3339Nano))
			continue
		}
		b.WriteString(e.text(f.name))
	}
	return b.String()
}

func (c *collector) sortedFailures() []Failure {
	slices.SortFunc(c.failures, func(a, b Failure) int {
		return cmp.Or(compareOrigins(a.Origin, b.Origin), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(c.failures)
}

// expiredWaivers warns of waivers that no longer waive anything.
func (c *collector) expiredWaivers(st *Statements, now time.Time) {
	for _, w := range st.Waivers {
		if w.Until.After(now) {
			continue
		}
		for _, o := range w.Origins {
			c.report.add(Problem{File: o.File, Line: o.Line, Column: 1, Warning: true,
				Message: fmt.Sprintf("the waiver of %q for %s ended at %s, so the finding is open again: extend it with a reason, or delete it",
					w.Rule, w.Subject, w.Until.Format(time.RFC3339))})
		}
	}
}

// text is a field's string; empty where it is absent.
func (e element) text(name string) string { return e.fields[name].text }

// moment is a field's time; nil where it is absent or no time.
func (e element) moment(name string) *time.Time {
	v, ok := e.fields[name]
	if !ok || name != "from" && name != "until" && name != "since" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, v.text)
	if err != nil {
		return nil
	}
	t = t.UTC()
	return &t
}

// ref is a field's reference, which has been checked.
func (e element) ref(name string) inventory.Ref {
	var r inventory.Ref
	_ = r.UnmarshalText([]byte(e.text(name)))
	return r
}

func (e element) length(name string) time.Duration {
	d, _ := time.ParseDuration(e.text(name))
	return d
}

// add appends a checked element as the statement that it is.
func (st *Statements) add(c *collected) {
	e, by := c.element, c.origins
	switch e.rule.name {
	case "grant":
		st.Grants = append(st.Grants, Grant{
			Principal: e.ref("principal"), Resource: e.ref("resource"), Role: e.text("role"),
			From: e.moment("from"), Until: e.moment("until"), Layer: e.text("layer"),
			Replaces: e.ref("replaces"), Reason: e.text("reason"), Origins: by,
		})
	case "group":
		st.Groups = append(st.Groups, Group{
			Name: e.text("name"), Description: e.text("description"), Owner: e.text("owner"), Origins: by,
		})
	case "member":
		st.Members = append(st.Members, Member{
			Group: e.text("group"), Principal: e.ref("principal"), From: e.moment("from"), Until: e.moment("until"),
			Lead: e.length("lead"), Lag: e.length("lag"), Origins: by,
		})
	case "limit":
		st.Limits = append(st.Limits, Limit{
			Principal: e.ref("principal"), Resource: e.ref("resource"), AtMost: e.text("at_most"),
			Reason: e.text("reason"), Origins: by,
		})
	case "protect":
		st.Protects = append(st.Protects, Protect{
			Principal: e.ref("principal"), Resource: e.ref("resource"), Role: e.text("role"),
			Until: e.moment("until"), Reason: e.text("reason"), Origins: by,
		})
	case "leaver":
		st.Leavers = append(st.Leavers, Leaver{
			Principal: e.ref("principal"), Since: e.moment("since"), Reason: e.text("reason"), Origins: by,
		})
	case "empty":
		st.Empties = append(st.Empties, Empty{
			Resource: e.ref("resource"), Layer: e.text("layer"), Reason: e.text("reason"), Origins: by,
		})
	case "finding":
		st.Findings = append(st.Findings, Finding{
			Rule: e.text("rule"), Subject: e.ref("subject"), Severity: e.text("severity"), Message: e.text("message"),
			Resource: e.ref("resource"), Remediation: e.text("remediation"), Origins: by,
		})
	case "waive":
		st.Waivers = append(st.Waivers, Waiver{
			Rule: e.text("rule"), Subject: e.ref("subject"), Resource: e.ref("resource"),
			Reason: e.text("reason"), Until: *e.moment("until"), Origins: by,
		})
	}
}
