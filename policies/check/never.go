package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeImpossibleValue code.Code = "policy/impossible-value"
	codeOtherSpelling   code.Code = "policy/other-spelling"
	codeTextAndRecord   code.Code = "policy/text-and-record"
	codeIDAmongValues   code.Code = "policy/id-among-values"
	codeOtherType       code.Code = "policy/other-type"
	codeIDAndName       code.Code = "policy/id-and-name"
)

var neverHolds = Analyzer{
	Name: "never-holds",
	Doc:  "comparisons that can never hold",
	Run:  checkNever,
	Pages: slices.Concat(textPages, code.Pages{
		{
			Code:    codeImpossibleValue,
			Title:   "A comparison with a value that never occurs",
			Means:   "The field has one of a few values in PagerDuty, and this is none of them.",
			Why:     "The comparison never holds, and the rule gives nothing, silently.",
			Do:      "Use one of the values that the message lists.",
			Example: "u.base_role == \"manager\"  # \"user\", which PagerDuty's pages call Manager",
		},
		{
			Code:    codeOtherSpelling,
			Title:   "A comparison with a value that the data spells differently",
			Means:   "No row has the text, and some have one that differs in case, spaces or a letter.",
			Why:     "The comparison never holds, and the rule gives nothing, silently.",
			Do:      "Write it as the data does.",
			Example: "p.team == \"payments\"  # \"Payments\"",
		},
		{
			Code:    codeTextAndRecord,
			Title:   "A text is compared with a whole record",
			Means:   "A user, team or schedule of the input is an object, never a string.",
			Why:     "The comparison never holds, and the rule gives nothing, silently.",
			Do:      "Compare one of the record's fields, or look it up by id.",
			Example: "\"ann@acme.com\" in input.users  # dutyward.user(\"ann@acme.com\")",
		},
		{
			Code:    codeIDAmongValues,
			Title:   "An id is looked for among a map's values",
			Means:   "in goes through the values of a map; the ids are its keys.",
			Why:     "It is never found, and the rule gives nothing, silently.",
			Do:      "Look it up by key.",
			Example: "u.id in team.members  # team.members[u.id]",
		},
		{
			Code:    codeIDAndName,
			Title:   "An id is compared with an address or a name",
			Means:   "The input refers to people, teams and schedules by id. An e-mail address or a name is never one.",
			Why:     "The comparison never holds, and the rule gives nothing, silently.",
			Do:      "Compare with the id.",
			Example: "on_call.user == u.email  # u.id",
		},
		{
			Code:    codeOtherType,
			Title:   "A comparison with a value of another type than the data has",
			Means:   "The data has texts where the rule compares with a number, or the reverse.",
			Why:     "Values of two types are never equal. In order, any text comes behind any number, so that < never holds and > always does, or the reverse.",
			Do:      "Write both as the same type.",
			Example: "p.since > 2024  # where rows have since: \"2025\"",
		},
	}),
}

// contactTypes are PagerDuty's types of contact methods. Source: ContactMethod in
// PagerDuty's API reference.
var contactTypes = []string{
	"email_contact_method", "phone_contact_method", "push_notification_contact_method", "sms_contact_method", "whats_app_contact_method",
}

// values are those that texts of the input are, by path. Rego compares with any
// text, and finds no other equal.
var values = map[string][]string{
	"input.account.region":                               {"us", "eu"},
	"input.users.*.base_role":                            append([]string{"owner"}, inventory.BaseRoles()...),
	"input.users.*.teams.*":                              inventory.TeamRoles(),
	"input.users.*.contact_methods.*.type":               contactTypes,
	"input.users.*.notification_rules.*.contact":         contactTypes,
	"input.users.*.notification_rules.*.urgency":         {"high", "low"},
	"input.teams.*.members.*":                            inventory.TeamRoles(),
	"input.teams.*.default_role":                         append(inventory.TeamRoles(), inventory.None),
	"input.schedules.*.kind":                             {inventory.ScheduleOfLayers, inventory.ScheduleOfShifts},
	"input.schedules.*.shifts.*.origin.kind":             {"layer", "override", "rotation", "custom_shift"},
	"input.schedules.*.layers.*.restrictions.*.type":     {"daily_restriction", "weekly_restriction"},
	"input.escalation_policies.*.rules.*.targets.*.type": {"user", "schedule"},
	"input.desired.grants.*.role":                        contract.Uniq(append(append(inventory.BaseRoles(), inventory.TeamRoles()...), contract.ScheduleRoles...)),
	"local.weekday":                                      {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
}

// otherWords are what authors call such values.
var otherWords = map[string]string{
	"phone": "phone_contact_method", "email": "email_contact_method", "sms": "sms_contact_method", "push": "push_notification_contact_method",
	"app": "push_notification_contact_method", "mobile": "push_notification_contact_method",
	"layer": inventory.ScheduleOfLayers, "shift": inventory.ScheduleOfShifts,
	"lead": "manager", "admin": "manager", "member": "responder", "user": "responder",
	"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday",
}

// checkNever warns of comparisons that can never hold, which make a rule give
// nothing, silently: with a value that the input never has there, with one that
// the data has in other letters, of a text with a record, of an id with a map's
// values.
func checkNever(p *source.Pass) {
	n := never{report: p.Report, data: p.Data, rules: map[string][]*ast.Rule{}, odd: odd{pass: p, words: map[string]bool{}}}
	for _, module := range p.Policies() {
		for _, rule := range module.Rules {
			n.odd.noteWords(rule)
			name := module.Package.Path.Append(ast.StringTerm(source.RuleName(rule))).String()
			n.rules[name] = append(n.rules[name], rule)
		}
	}
	n.words = n.odd.words
	for _, module := range p.Policies() {
		for _, rule := range module.Rules {
			placesOf(p).eachExpr(rule, n.expr)
			n.headTimes(rule)
			n.givenFields(rule, placesOf(p).parameters(rule))
			n.everyOfNone(rule, placesOf(p).parameters(rule))
		}
	}
}

type never struct {
	report *source.Report
	data   source.Documents
	odd    odd
	// rules are those of the policies, by their full names.
	rules map[string][]*ast.Rule
	// words are all texts that stand in the policies.
	words map[string]bool
}

func (n never) expr(e *ast.Expr, ps places) {
	n.nameInMap(e, ps)
	n.pattern(e, ps)
	n.callsIn(e, ps)
	n.goesOverText(e, ps)
	operands := e.Operands()
	if len(operands) != 2 {
		return
	}
	a, b := operands[0], operands[1]
	switch {
	case isCall(e, ast.Equal.Name), isCall(e, ast.NotEqual.Name), e.IsEquality():
		n.compared(e, ps.of(a), b)
		n.compared(e, ps.of(b), a)
		n.types(e, a, b, ps)
		n.truthAndOther(e, a, b)
		n.idAndName(e, a, b, ps)
	case isCall(e, ast.GreaterThan.Name), isCall(e, ast.GreaterThanEq.Name), isCall(e, ast.LessThan.Name), isCall(e, ast.LessThanEq.Name):
		n.types(e, a, b, ps)
		n.dates(e, a, b, ps)
	case isCall(e, ast.Member.Name):
		n.inText(e, a, b, ps)
		for _, x := range elementsOf(b) {
			n.compared(e, ps.of(a), x)
		}
		for body, term := range collected(b) {
			n.compared(e, ps.in(body).of(term), a)
		}
		n.amongValues(e, a, b)
		n.member(e, a, b, ps)
	}

}

// compared checks what is compared with a text.
func (n never) compared(e *ast.Expr, p dataPath, t *ast.Term) {
	text, ok := t.Value.(ast.String)
	if !ok || !p.known() || p.key || text == "" {
		return
	}
	if t.Location == nil {
		t = &ast.Term{Value: t.Value, Location: e.Location}
	}
	if allowed := values[p.String()]; len(allowed) > 0 {
		n.notAmong(t.Location, p, string(text), allowed)
		return
	}
	if p.words[0] == "data" {
		n.otherLetters(t.Location, p, string(text))
		return
	}
	if last := p.words[len(p.words)-1]; last == anyPlace && len(p.words) == 3 && slices.Contains(collections, p.words[1]) {
		n.report.Besides(t.Location, policies.Problem{Code: codeTextAndRecord, Warning: true,
			Found:    fmt.Sprintf("%q compared with a record of input.%s, which is never a text", string(text), p.words[1]),
			Expected: "one of the record's fields"})
	}
}

func (n never) notAmong(loc *ast.Location, p dataPath, text string, allowed []string) {
	if slices.Contains(allowed, text) {
		return
	}
	problem := policies.Problem{Code: codeImpossibleValue, Warning: true, Found: fmt.Sprintf("%s compared with %q, which it never is", shownPath(p), text), Expected: policies.List(allowed, "or")}
	if word := otherWords[strings.ToLower(text)]; slices.Contains(allowed, word) {
		problem.Suggestion = strconv.Quote(word)
	} else if near, ok := policies.Nearest(text, allowed); ok {
		problem.Suggestion = strconv.Quote(near)
	}
	n.report.Besides(loc, problem)
}

// shownPath is a path as a message names it.
func shownPath(p dataPath) string {
	text := p.String()
	if rest, ok := strings.CutPrefix(text, "local."); ok {
		return "the " + rest
	}
	return strings.ReplaceAll(text, "."+anyPlace, "[_]")
}

// otherLetters warns of a text that no row of a document has, where one has
// nearly the same.
func (n never) otherLetters(loc *ast.Location, p dataPath, text string) {
	seen := map[string]bool{}
	if !textsAt(n.data.Root, p.words[1:], seen) || n.data.Broken {
		return
	}
	if seen[text] {
		n.oddValues(loc, p, text, seen)
		return
	}
	for _, other := range slices.Sorted(maps.Keys(seen)) {
		if slipped(text, other) {
			n.report.Besides(loc, policies.Problem{Code: codeOtherSpelling, Warning: true,
				Found:    fmt.Sprintf("%s compared with %q, which no row of the data has there", shownPath(p), text),
				Expected: "a value as it stands in the data", Suggestion: strconv.Quote(other)})
			return
		}
	}
}

// slipped says that one text is the other but for case, space around it, two letters
// swapped, or in longer ones a letter.
func slipped(a, b string) bool {
	x, y := strings.ToLower(strings.TrimSpace(a)), strings.ToLower(strings.TrimSpace(b))
	if x == y || len(x) > 3 && policies.SameLetters(x, y) {
		return true
	}
	digits := func(s string) string { return strings.Trim(s, "0123456789") }
	return len(x) > 4 && digits(x) == x && digits(y) == y && levenshtein.ComputeDistance(x, y) == 1
}

// textsAt adds the texts that stand at a path of a document; ok is false if
// something else stands there too.
func textsAt(doc any, path []string, into map[string]bool) (ok bool) {
	if len(path) == 0 {
		text, isText := doc.(string)
		into[text] = true
		return isText
	}
	switch doc := doc.(type) {
	case map[string]any:
		if path[0] != anyPlace {
			next, there := doc[path[0]]
			return !there || textsAt(next, path[1:], into)
		}
		for _, next := range doc {
			if !textsAt(next, path[1:], into) {
				return false
			}
		}
		return true
	case []any:
		for _, next := range doc {
			if path[0] != anyPlace || !textsAt(next, path[1:], into) {
				return false
			}
		}
		return true
	}
	return false
}

// member checks `a in b`, which looks at the values of b.
func (n never) member(e *ast.Expr, a, b *ast.Term, ps places) {
	in := ps.of(b)
	if !in.known() || in.key || in.words[0] != "input" {
		return
	}
	element := in.then(anyPlace).String()
	text, isText := a.Value.(ast.String)
	from := ps.of(a)
	isID := from.known() && from.words[0] == "input" && (from.key || values[from.String()] == nil && holdsText(from.words[len(from.words)-1]))
	if !isText && !isID {
		return
	}
	lookUp := "a look-up by id: " + textOf(b) + "[" + textOf(a) + "]"
	if isText && !couldBeID.MatchString(string(text)) {
		lookUp = byName(textOf(b), element, string(text))
	}
	switch {
	case len(in.words) == 2 && slices.Contains(collections, in.words[1]):
		p := policies.Problem{Code: codeTextAndRecord, Warning: true, Found: fmt.Sprintf("%s, which looks for a text among records and never finds it", written(e)),
			Expected: lookUp}
		if look := map[string]string{"users": "user", "teams": "team", "schedules": "schedule"}[in.words[1]]; isText && look != "" && !couldBeID.MatchString(string(text)) {
			p.Expected = fmt.Sprintf("a look-up: data.dutyward.%s(%s)", look, textOf(a))
		}
		n.report.Besides(e.Location, p)
	case values[element] != nil && (isID || !slices.Contains(values[element], string(text))):
		n.report.Besides(e.Location, policies.Problem{Code: codeIDAmongValues, Warning: true,
			Found:    fmt.Sprintf("%s, which looks among the values, %s, not among the ids", written(e), policies.List(values[element], "or")),
			Expected: lookUp})
	}
}

// holdsText says that a field of the input is an id, a name or an address.
func holdsText(field string) bool {
	return slices.Contains([]string{"id", "user", "name", "email", "schedule", "escalation_policy", anyPlace}, field)
}
