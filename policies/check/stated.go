package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

// statedIn are the literal elements of a pass, found once for all that go by them.
// They say nothing where a name is computed; on a snapshot the plan knows.
func statedIn(p *source.Pass) *stated {
	return source.Once(p, func() *stated {
		s := &stated{declared: map[string]statedElement{}, used: map[string]bool{}, nested: map[string][]mention{}, within: map[string][]string{}}
		for _, f := range p.Files {
			module := p.Modules.Parsed[f.Name]
			if module == nil || f.IsTest() || source.PackageRoot(module) != string(policies.PhaseAccess) {
				continue
			}
			for _, rule := range module.Rules {
				if c, ok := contract.ContractNamed(source.RuleName(rule)); ok && c.Phase == policies.PhaseAccess && source.IsContains(rule) {
					s.rule(rule, c)
				}
			}
		}
		return s
	})
}

// stated are the literal elements of the access policies.
type stated struct {
	// declared are the first group elements by name.
	declared map[string]statedElement
	// again are the names that are declared a second time.
	again []repeated
	// computed says that some group's name is not written out.
	computed bool
	// mentions are the groups referred to, used their names; unknown says that
	// some principal is not written out.
	mentions []mention
	// nested are the groups in each group.
	nested map[string][]mention
	// within are the principals in each group, followed what grants follow from.
	within   map[string][]string
	followed []follow
	used     map[string]bool
	unknown  bool
	grants   []statedElement
}

// mention is a group referred to at a place.
type mention struct {
	name string
	term *ast.Term
}

// repeated is a group that is declared at two places.
type repeated struct {
	name      string
	at, first *ast.Location
}

type statedElement struct {
	contract.Element
	rule *ast.Location
	// always says that the rule has no condition.
	always bool
}

func (s *stated) rule(r *ast.Rule, c *contract.ContractRule) {
	elements := contract.LiteralElements(r)
	if len(elements) == 0 {
		s.opaque(c)
	}
	for _, term := range elements {
		e, ok := contract.ElementOf(c, term, contract.Literal(r.Body))
		if !ok {
			s.opaque(c)
			continue
		}
		s.element(r, e)
	}
}

// opaque notes a rule whose elements can't be seen.
func (s *stated) opaque(c *contract.ContractRule) {
	s.computed = s.computed || c.Name == "group"
	s.unknown = s.unknown || c.Name != "group"
}

func (s *stated) element(r *ast.Rule, e contract.Element) {
	if e.Rule.Name == "group" {
		s.declare(r, e)
		return
	}
	s.unknown = s.unknown || e.Open
	for _, field := range []string{"group", "principal", "resource"} {
		v, ok := e.Fields[field]
		if !ok {
			continue
		}
		names, known := texts(r.Body, v.Term)
		if !known {
			kind, told := v.Kind()
			s.unknown = s.unknown || !told || kind == inventory.KindGroup
			continue
		}
		for _, name := range names {
			bare, isGroup := strings.CutPrefix(name, "group:")
			switch {
			case field == "group":
				s.mentions = append(s.mentions, mention{name, v.Term})
			case isGroup && bare != "*":
				s.mentions = append(s.mentions, mention{bare, v.Term})
				s.used[bare] = true
			}
		}
	}
	switch e.Rule.Name {
	case "member":
		s.nest(r, e)
	case "grant":
		s.follow(r, e)
		s.grants = append(s.grants, statedElement{Element: e, rule: r.Location, always: unconditional(r)})
	}
}

func unconditional(r *ast.Rule) bool {
	for _, e := range r.Body {
		t, isTerm := e.Terms.(*ast.Term)
		_, picks := e.Terms.(*ast.SomeDecl)
		if !picks && !(isTerm && t.Value.Compare(ast.Boolean(true)) == 0) {
			return false
		}
	}
	return true
}

func (s *stated) declare(r *ast.Rule, e contract.Element) {
	names, known := texts(r.Body, e.Fields["name"].Term)
	if !known {
		s.computed = true
		return
	}
	for _, name := range names {
		first, twice := s.declared[name]
		if !twice {
			s.declared[name] = statedElement{Element: e, rule: r.Location, always: unconditional(r)}
			continue
		}
		if first.Term.Location != e.Term.Location && first.always && unconditional(r) {
			s.again = append(s.again, repeated{name, placeOfTerm(e.Fields["name"].Term, r), first.Term.Location})
		}
	}
}

// aboutGroup is a group as problems are about it.
func aboutGroup(name string) string {
	return policies.Subject(inventory.Ref{Kind: inventory.KindGroup, Name: name})
}

func placeOfTerm(t *ast.Term, r *ast.Rule) *ast.Location {
	if t != nil && t.Location != nil {
		return t.Location
	}
	return r.Location
}

func shortPlace(loc *ast.Location) string { return fmt.Sprintf("%s:%d", loc.File, loc.Row) }

// nest notes the groups that a member element puts into groups.
func (s *stated) nest(r *ast.Rule, e contract.Element) {
	outer, _ := texts(r.Body, e.Fields["group"].Term)
	inner, _ := texts(r.Body, e.Fields["principal"].Term)
	for _, principal := range inner {
		name, isGroup := strings.CutPrefix(principal, "group:")
		for _, group := range outer {
			s.within[group] = append(s.within[group], principal)
			if isGroup {
				s.nested[group] = append(s.nested[group], mention{name, e.Fields["principal"].Term})
			}
		}
	}
}

// texts are the strings that a term can be, where all of them are written out
// in the body.
func texts(body ast.Body, t *ast.Term) ([]string, bool) {
	if t == nil {
		return nil, false
	}
	switch x := t.Value.(type) {
	case ast.String:
		return []string{string(x)}, true
	case ast.Var:
		if a := contract.Assigned(body, x); a != nil && a != t {
			return texts(body, a)
		}
		return pickedTexts(body, x)
	case *ast.TemplateString:
		return templateTexts(body, x)
	}
	return nil, false
}

// pickedTexts are the strings of the literal collection from which some picks.
func pickedTexts(body ast.Body, v ast.Var) ([]string, bool) {
	for _, e := range body {
		decl, ok := e.Terms.(*ast.SomeDecl)
		if !ok || len(decl.Symbols) != 1 {
			continue
		}
		call, ok := decl.Symbols[0].Value.(ast.Call)
		if !ok {
			continue
		}
		domain := call[len(call)-1]
		var from []*ast.Term
		switch {
		case call[len(call)-2].Value.Compare(v) == 0:
			from = elementsOf(domain)
			if obj, ok := domain.Value.(ast.Object); ok {
				obj.Foreach(func(_, value *ast.Term) { from = append(from, value) })
			}
		case len(call) == 4 && call[1].Value.Compare(v) == 0:
			if obj, ok := domain.Value.(ast.Object); ok {
				from = obj.Keys()
			}
		}
		if len(from) == 0 {
			continue
		}
		var out []string
		for _, t := range from {
			s, ok := t.Value.(ast.String)
			if !ok {
				return nil, false
			}
			out = append(out, string(s))
		}
		return out, true
	}
	return nil, false
}

// templateTexts are the strings of a template whose parts are written out.
func templateTexts(body ast.Body, t *ast.TemplateString) ([]string, bool) {
	out := []string{""}
	for _, part := range t.Parts {
		var parts []string
		known := false
		switch part := part.(type) {
		case *ast.Term:
			parts, known = texts(body, part)
		case *ast.Expr:
			if term, ok := part.Terms.(*ast.Term); ok {
				parts, known = texts(body, term)
			}
		}
		if !known || len(out)*len(parts) > 1000 {
			return nil, false
		}
		var longer []string
		for _, head := range out {
			for _, tail := range parts {
				longer = append(longer, head+tail)
			}
		}
		out = longer
	}
	return out, true
}

var circularGrants = Analyzer{
	Name: "circular-grants",
	Doc:  "grants that follow from themselves",
	Run:  checkCircularGrants,
}

// follow is a grant as it stands: what it gives on a resource follows from a
// principal.
type follow struct {
	principal mention // a reference
	resource  string
}

// follow notes what the grants of a rule follow from. Where several principals
// and several resources are picked, which go together is not told apart here.
func (s *stated) follow(r *ast.Rule, e contract.Element) {
	principals, _ := texts(r.Body, e.Fields["principal"].Term)
	resources, _ := texts(r.Body, e.Fields["resource"].Term)
	if len(principals) > 1 && len(resources) > 1 {
		return
	}
	for _, principal := range principals {
		for _, resource := range resources {
			s.followed = append(s.followed, follow{mention{principal, e.Fields["principal"].Term}, resource})
		}
	}
}

// checkCircularGrants warns of grants that follow from themselves (S34): of a group of a team that
// is granted the team, of turns for whoever has turns, and through others. Who is on a
// team while on call has a reason to be there, and may have turns for another.
func checkCircularGrants(p *source.Pass) {
	s := statedIn(p)
	next := map[string][]string{}
	for _, f := range s.followed {
		for _, way := range s.ways(f.principal.name, nil) {
			if from := thingOf(way[0]); from == f.resource || !strings.HasPrefix(way[0], string(inventory.KindOnCall)+":") {
				next[from] = append(next[from], f.resource)
			}
		}
	}
	told := map[*ast.Location]bool{}
	for _, f := range s.followed {
		for _, way := range s.ways(f.principal.name, nil) {
			back := pathBetween(next, f.resource, thingOf(way[0]))
			loc := f.principal.term.Location
			if back == nil || !slices.Contains(next[thingOf(way[0])], f.resource) || loc == nil || told[loc] {
				continue
			}
			told[loc] = true
			path := append(back[:len(back)-1], way...)
			p.Besides(loc, policies.Problem{Code: policies.CodeCircularGrant, Warning: true, About: f.resource,
				Found: "a grant that follows from itself: " + strings.Join(append(path, f.resource), " → "),
				Expected: fmt.Sprintf("another rule that says who belongs on %s: this one neither puts anybody there nor keeps them",
					f.resource)})
		}
	}
}

// ways are the ways from the teams and schedules that a principal follows from, each
// with the groups it came through: "team:Payments", "group:core".
func (s *stated) ways(principal string, through []string) [][]string {
	group, isGroup := strings.CutPrefix(principal, "group:")
	if !isGroup {
		if thingOf(principal) == "" {
			return nil
		}
		return [][]string{append([]string{principal}, through...)}
	}
	if slices.Contains(through, principal) {
		return nil
	}
	var all [][]string
	for _, m := range s.within[group] {
		if all = append(all, s.ways(m, append([]string{principal}, through...))...); len(all) > 100 {
			break
		}
	}
	return all
}

// thingOf is the team or schedule that a principal stands for the people of; empty
// if it is none.
func thingOf(principal string) string {
	kind, name, _ := strings.Cut(principal, ":")
	switch inventory.Kind(kind) {
	case inventory.KindTeam, inventory.KindOnCall, inventory.KindRotation:
		return string(inventory.Kind(kind).Thing()) + ":" + name
	}
	return ""
}

// pathBetween is the shortest way from one thing to another, both included; nil if
// there is none.
func pathBetween(next map[string][]string, from, to string) []string {
	todo, seen := [][]string{{from}}, map[string]bool{from: true}
	for i := 0; i < len(todo); i++ {
		path := todo[i]
		last := path[len(path)-1]
		if last == to {
			return path
		}
		for _, n := range next[last] {
			if !seen[n] {
				seen[n] = true
				todo = append(todo, append(slices.Clone(path), n))
			}
		}
	}
	return nil
}
