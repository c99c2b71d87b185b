package check

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeArgumentOrder  code.Code = "policy/argument-order"
	codeBadLayout      code.Code = "policy/time-layout"
	codeKindInArgument code.Code = "policy/kind-in-argument"
)

var arguments = Analyzer{
	Local: true,
	Name:  "arguments",
	Doc:   "arguments of functions that are written out",
	Run:   checkArguments,
	Pages: code.Pages{
		{
			Code:    codeArgumentOrder,
			Title:   "The arguments of a function seem to be swapped",
			Means:   "What is written out stands where the other value is expected.",
			Why:     "The function is false or undefined, and the rule gives nothing, silently.",
			Do:      "Swap them as the message shows.",
			Example: "startswith(\"p\", name)  # startswith(name, \"p\")",
		},
		{
			Code:    codeBadLayout,
			Title:   "A time layout is not written as Go writes it",
			Means:   "Layouts are an example: 2 January 2006, 15:04:05.",
			Why:     "No time would parse.",
			Do:      "Write the layout with the parts of that date.",
			Example: "time.parse_ns(\"YYYY-MM-DD\", d)  # \"2006-01-02\"",
		},
		{
			Code:    codeKindInArgument,
			Title:   "A function of the library gets a kind before the name",
			Means:   "The function knows the kind already.",
			Why:     "Nothing has such a name.",
			Do:      "Give the name alone.",
			Example: "dutyward.team(\"team:Payments\")  # dutyward.team(\"Payments\")",
		},
	},
}

// checkArguments looks at the arguments of functions that are written out: those
// in the wrong order make a rule give nothing, silently, and times and zones
// that do not parse fail when the rule is evaluated.
func checkArguments(p *source.Pass) {
	for _, module := range p.Policies() {
		eachCall(module, func(name string, args []*ast.Term, at *ast.Location) {
			if problem, t := argumentProblem(name, args); t != nil {
				if t.Location != nil {
					at = t.Location
				}
				p.Besides(at, problem)
			}
		})
	}
}

// eachCall calls f with every call in a module.
func eachCall(m *ast.Module, f func(name string, args []*ast.Term, at *ast.Location)) {
	call := func(terms []*ast.Term, at *ast.Location) {
		if len(terms) > 1 {
			f(terms[0].String(), terms[1:], at)
		}
	}
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.Expr:
			if terms, ok := x.Terms.([]*ast.Term); ok {
				call(terms, x.Location)
			}
		case *ast.Term:
			if terms, ok := x.Value.(ast.Call); ok {
				call(terms, x.Location)
			}
		}
		return false
	}).Walk(m)
}

// argumentProblem is what is wrong with a call's written arguments, and the one
// that it is about; nil if nothing is.
func argumentProblem(name string, args []*ast.Term) (policies.Problem, *ast.Term) {
	text := func(i int) (string, bool) {
		if i >= len(args) {
			return "", false
		}
		s, ok := args[i].Value.(ast.String)
		return string(s), ok
	}
	short := strings.TrimPrefix(name, "data.dutyward.")
	swapped := func(order string) (policies.Problem, *ast.Term) {
		return policies.Problem{Code: codeArgumentOrder, Found: fmt.Sprintf("%s with its arguments in another order", strings.TrimPrefix(name, "data.")), Expected: order}, args[0]
	}
	switch name {
	case "data.dutyward.local":
		return zoneProblem(text, 0, args)
	case "time.clock", "time.date", "time.weekday", "time.format", "time.add_date", "time.diff":
		for _, arg := range args {
			if list, ok := arg.Value.(*ast.Array); ok && list.Len() > 1 {
				if zone, ok := list.Elem(1).Value.(ast.String); ok {
					if p, unknown := contract.UnknownZone(string(zone)); unknown {
						return p, list.Elem(1)
					}
				}
			}
		}
	case "time.parse_rfc3339_ns":
		if t, ok := text(0); ok {
			return rfc3339Problem(t, args[0])
		}
	case "time.parse_ns":
		if layout, ok := text(0); ok && !strings.Contains(layout, "06") {
			return policies.Problem{Code: codeBadLayout, Found: fmt.Sprintf("layout %q", layout), Expected: "the layout as Go writes it, by example: 2006-01-02 15:04:05"}, args[0]
		}
	case "data.dutyward.within":
		from, ok1 := text(0)
		until, ok2 := text(1)
		for i, t := range []string{from, until} {
			if ok := []bool{ok1, ok2}[i]; ok {
				if p, at := timeProblem(t, args[i]); at != nil {
					return p, at
				}
			}
		}
		if a, b := parsed(from), parsed(until); ok1 && ok2 && !a.Before(b) {
			return swapped("dutyward.within(from, until), of which from is earlier")
		}
	case "data.dutyward.on_call_at":
		if t, ok := text(0); ok && !parsed(t).IsZero() {
			return swapped("dutyward.on_call_at(schedule, time)")
		}
		if t, ok := text(1); ok {
			return timeProblem(t, args[1])
		}
	case "data.dutyward.members":
		if _, ok := text(0); ok {
			return swapped("dutyward.members(packages, group), such as dutyward.members(data.access, \"payments-oncall\")")
		}
		if group, ok := text(1); ok && strings.HasPrefix(group, "group:") {
			return policies.Problem{Code: codeKindInArgument, Warning: true, Found: fmt.Sprintf("group %q in dutyward.%s", group, short), Expected: "the group's bare name",
				Suggestion: strconv.Quote(strings.TrimPrefix(group, "group:"))}, args[1]
		}
	case "data.dutyward.user", "data.dutyward.can_be_paged", "data.dutyward.team", "data.dutyward.schedule", "data.dutyward.rotation":
		kind := source.Lookups[short]
		if t, ok := text(0); ok && strings.HasPrefix(t, string(kind)+":") {
			return policies.Problem{Code: codeKindInArgument, Found: fmt.Sprintf("%q in dutyward.%s", t, short), Expected: "the name alone, without its kind",
				Suggestion: strconv.Quote(strings.TrimPrefix(t, string(kind)+":"))}, args[0]
		}
	case "startswith", "endswith", "trim_prefix", "trim_suffix":
		if _, ok := text(0); ok && len(args) > 1 && !isConstant(args[1]) {
			return policies.Problem{Code: codeArgumentOrder, Warning: true, Found: fmt.Sprintf("%s with a written text first", name),
				Expected: fmt.Sprintf("the text that is looked at first, and then the part: %s(%s, %s)", name, textOf(args[1]), textOf(args[0]))}, args[0]
		}
	case "regex.match":
		if pattern, ok := text(1); ok && !isConstant(args[0]) && strings.ContainsAny(pattern, `^$*+?|[]()\`) {
			return policies.Problem{Code: codeArgumentOrder, Warning: true, Found: "regex.match with a written pattern second",
				Expected: fmt.Sprintf("the pattern first: regex.match(%s, %s)", textOf(args[1]), textOf(args[0]))}, args[1]
		}
	}
	return policies.Problem{}, nil
}

func zoneProblem(text func(int) (string, bool), i int, args []*ast.Term) (policies.Problem, *ast.Term) {
	zone, ok := text(i)
	if !ok {
		return policies.Problem{}, nil
	}
	if p, unknown := contract.UnknownZone(zone); unknown {
		return p, args[i]
	}
	return policies.Problem{}, nil
}

// timeProblem is the problem of a text that is no time.
func timeProblem(text string, at *ast.Term) (policies.Problem, *ast.Term) {
	c := contract.Moment("time", contract.Value{Typ: "string", Text: text, Whole: true, Term: at}, contract.Element{})
	if c == nil {
		return policies.Problem{}, nil
	}
	p := c.Problem("")
	p.Found = strconv.Quote(text) + ", which is no time"
	return p, at
}

// rfc3339Problem is the problem of a text that OPA's own function does not read: of a
// local time too.
func rfc3339Problem(text string, at *ast.Term) (policies.Problem, *ast.Term) {
	if t, zone, ok := contract.ParseMoment(text); ok && zone != "" {
		return policies.Problem{Code: contract.CodeBadTime, Found: strconv.Quote(text) + ", a local time",
			Expected: "an RFC 3339 time; dutyward.within, and the fields from and until, take local times too", Suggestion: strconv.Quote(t.Format(time.RFC3339))}, at
	}
	return timeProblem(text, at)
}

func parsed(text string) time.Time {
	t, _, _ := contract.ParseMoment(text)
	return t
}
