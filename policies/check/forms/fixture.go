package forms

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const (
	codeFixture       code.Code = "test/fixture-key"
	codeFixtureRole   code.Code = "test/fixture-role"
	codeFixturePerson code.Code = "test/fixture-person"
)

// Fixtures looks for what the accounts of tests do not have.
var Fixtures = source.Analyzer{
	Local: true,
	Name:  "fixtures",
	Doc:   "keys, roles and people that accounts of tests do not have",
	Run:   checkFixtures,
	Pages: code.Pages{
		{
			Code:    codeFixture,
			Title:   "An account of a test has no such key",
			Means:   "dutyward.fixture.account, or with input as, is given a key that the account or something in it does not have.",
			Why:     "It passes over it. A test that nobody has something then passes for nothing, since the account is empty.",
			Do:      "Use one of the keys that the message lists.",
			Example: `fixture.account({"user": {…}})  # "users"`,
		},
		{
			Code:    codeFixtureRole,
			Title:   "An account of a test has a role that does not exist",
			Means:   "Somebody in it has a base role or a role on a team that PagerDuty does not have.",
			Why:     "No rule asks for that role. A test that nobody has something then passes for nothing.",
			Do:      "Use one of the roles that the message lists, in lower case.",
			Example: `fixture.account({"users": {"ann@acme.com": {"base_role": "administrator"}}})  # "admin"`,
		},
		{
			Code:    codeFixturePerson,
			Title:   "An account of a test names somebody who is not among its users",
			Means:   "The account lists users, and a team, a schedule or an escalation policy in it has another person.",
			Why:     "Nobody has access through that person, so a test that nobody has something passes for nothing.",
			Do:      "Add the person to users, or correct the address.",
			Example: `fixture.account({"users": ["ann@acme.com"], "schedules": {"Primary": ["bob@acme.com"]}})  # add bob@acme.com`,
		},
	},
}

// fixtureKeys are those that fixture.account reads; see policies/library/fixture.rego.
var fixtureKeys = inventory.Keys()

// checkFixtures warns of keys that fixture.account passes over, and of what else an
// account of a test can't have.
func checkFixtures(p *source.Pass) {
	for _, name := range []string{"fixture.account", "dutyward.fixture.account", "data.dutyward.fixture.account"} {
		eachCall(p, name, func(args []*ast.Term, _ *ast.Location) {
			if spec, ok := args[0].Value.(ast.Object); ok {
				(&fixture{pass: p}).spec(spec)
			}
		})
	}
	checkInputs(p)
}

// checkInputs looks at what `with input as` and `with input.users as` give.
func checkInputs(p *source.Pass) {
	for _, file := range p.Files {
		m := p.Modules.Parsed[file.Name]
		if m == nil || !file.IsTest() {
			continue
		}
		ast.WalkWiths(m, func(w *ast.With) bool {
			if t := typeAt(w.Target); t != nil {
				(&fixture{pass: p}).value(w.Value, t, "input")
			}
			return false
		})
	}
}

// typeAt is the type of a part of the input; nil where it is none.
func typeAt(target *ast.Term) reflect.Type {
	ref, ok := target.Value.(ast.Ref)
	if !ok || !ref.HasPrefix(ast.InputRootRef) {
		return nil
	}
	t := reflect.TypeFor[inventory.Snapshot]()
	for _, word := range ref[1:] {
		name, ok := word.Value.(ast.String)
		if !ok {
			return nil
		}
		switch t.Kind() {
		case reflect.Struct:
			if t = jsonFields(t)[string(name)]; t == nil {
				return nil
			}
		case reflect.Map:
			t = t.Elem()
		default:
			return nil
		}
	}
	return t
}

// fixture is one account of a test.
type fixture struct {
	pass *source.Pass
	// users are those that it lists, in lower case; nil where it lists none.
	users map[string]bool
}

func (f *fixture) spec(spec ast.Object) {
	f.keys(spec, fixtureKeys, "an account of a test")
	f.listUsers(spec.Get(ast.StringTerm("users")))
	each := func(key string, look func(*ast.Term)) {
		t := spec.Get(ast.StringTerm(key))
		if t == nil {
			return
		}
		if o, ok := t.Value.(ast.Object); ok {
			o.Foreach(func(_, v *ast.Term) { look(v) })
		}
	}
	each("users", func(t *ast.Term) { f.value(t, reflect.TypeFor[inventory.User](), "a user") })
	each("teams", f.team)
	each("schedules", f.schedule)
	each("escalation_policies", f.people)
	each("licenses", func(t *ast.Term) { f.value(t, reflect.TypeFor[inventory.License](), "a license") })
	if t := spec.Get(ast.StringTerm("account")); t != nil {
		f.value(t, reflect.TypeFor[inventory.Account](), "input.account")
	}
	if t := spec.Get(ast.StringTerm("on_calls")); t != nil {
		f.value(t, reflect.TypeFor[[]inventory.OnCall](), "an on-call")
	}
}

// listUsers notes whom an account lists, where each is written out.
func (f *fixture) listUsers(t *ast.Term) {
	if t == nil || !t.IsGround() {
		return
	}
	f.users = map[string]bool{}
	note := func(t *ast.Term) {
		if email, ok := t.Value.(ast.String); ok {
			f.users[strings.ToLower(string(email))] = true
		}
	}
	switch users := t.Value.(type) {
	case ast.Object:
		users.Foreach(func(email, _ *ast.Term) { note(email) })
	case *ast.Array:
		users.Foreach(note)
	case ast.Set:
		users.Foreach(note)
	}
	if len(f.users) == 0 {
		f.users = nil
	}
}

// team is given by its members' roles, or by fields.
func (f *fixture) team(t *ast.Term) {
	fields, ok := t.Value.(ast.Object)
	if !ok {
		return
	}
	members := fields
	given := fields.Get(ast.StringTerm("members"))
	isField := fields.Until(func(_, v *ast.Term) bool {
		_, text := v.Value.(ast.String)
		return !text && v.IsGround()
	})
	if given != nil || isField {
		f.value(t, reflect.TypeFor[inventory.Team](), "a team")
		if given == nil {
			return
		}
		if members, ok = given.Value.(ast.Object); !ok {
			return
		}
	}
	members.Foreach(func(email, role *ast.Term) {
		f.person(email)
		if given == nil {
			f.role(role, inventory.TeamRoles())
		}
	})
}

func (f *fixture) schedule(t *ast.Term) {
	if _, ok := t.Value.(ast.Object); ok {
		f.value(t, reflect.TypeFor[inventory.Schedule](), "a schedule")
		return
	}
	f.people(t)
}

// people are all addresses in lists and sets.
func (f *fixture) people(t *ast.Term) {
	switch x := t.Value.(type) {
	case *ast.Array:
		x.Foreach(f.people)
	case ast.Set:
		x.Foreach(f.people)
	case ast.String:
		if strings.Contains(string(x), "@") {
			f.person(t)
		}
	}
}

// person warns of somebody who is not among the users.
func (f *fixture) person(t *ast.Term) {
	email, ok := t.Value.(ast.String)
	if !ok || f.users == nil || f.users[strings.ToLower(string(email))] || t.Location == nil {
		return
	}
	x := policies.Problem{Code: codeFixturePerson, Warning: true,
		Found:    fmt.Sprintf("%q, who is not among the users of this account", string(email)),
		Expected: "the same address in users"}
	x.Suggestion, _ = policies.Nearest(string(email), slices.Sorted(maps.Keys(f.users)))
	f.pass.Besides(t.Location, x)
}

// value looks at what is to be of a type of the input.
func (f *fixture) value(t *ast.Term, of reflect.Type, what string) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch x := t.Value.(type) {
	case *ast.Array:
		if of.Kind() == reflect.Slice {
			x.Foreach(func(t *ast.Term) { f.value(t, of.Elem(), partOf(what)) })
		}
	case ast.Object:
		switch {
		case of.Kind() == reflect.Map:
			x.Foreach(func(_, v *ast.Term) { f.value(v, of.Elem(), partOf(what)) })
		case of.Kind() == reflect.Struct:
			f.fields(x, of, what)
		}
	}
}

// fields looks at the fields of an object.
func (f *fixture) fields(x ast.Object, of reflect.Type, what string) {
	known := jsonFields(of)
	if of == reflect.TypeFor[inventory.Snapshot]() {
		known["desired"], known["groups"] = reflect.TypeFor[any](), reflect.TypeFor[any]() // in the phase risk
	}
	if len(known) == 0 {
		return // a time, a reference
	}
	f.keys(x, slices.Sorted(maps.Keys(known)), what)
	x.Foreach(func(key, v *ast.Term) {
		name, _ := key.Value.(ast.String)
		switch t := known[string(name)]; {
		case t == nil:
		case name == "base_role":
			f.role(v, inventory.BaseRoles())
		case name == "members" && of == reflect.TypeFor[inventory.Team](), name == "teams" && of == reflect.TypeFor[inventory.User]():
			if roles, ok := v.Value.(ast.Object); ok {
				roles.Foreach(func(_, role *ast.Term) { f.role(role, inventory.TeamRoles()) })
			}
		default:
			f.value(v, t, string(name))
		}
	})
}

// partOf is what is in something of a name.
func partOf(what string) string {
	if word, ok := strings.CutSuffix(what, "ies"); ok {
		return policies.Article(word) + " " + strings.ReplaceAll(word, "_", " ") + "y"
	}
	if word, ok := strings.CutSuffix(what, "s"); ok && !strings.Contains(what, " ") {
		return policies.Article(word) + " " + strings.ReplaceAll(word, "_", " ")
	}
	return what
}

func (f *fixture) role(t *ast.Term, known []string) {
	role, ok := t.Value.(ast.String)
	if !ok || slices.Contains(known, string(role)) || role == "owner" || t.Location == nil {
		return
	}
	x := policies.Problem{Code: codeFixtureRole, Warning: true,
		Found: fmt.Sprintf("the role %q, which nobody has in PagerDuty", string(role)), Expected: policies.List(known, "or")}
	x.Suggestion, _ = policies.Nearest(string(role), known)
	for _, k := range known {
		if strings.HasPrefix(strings.ToLower(string(role)), k) && x.Suggestion == "" {
			x.Suggestion = k
		}
	}
	f.pass.Besides(t.Location, x)
}

func (f *fixture) keys(o ast.Object, known []string, of string) {
	o.Foreach(func(key, _ *ast.Term) {
		name, ok := key.Value.(ast.String)
		if !ok || slices.Contains(known, string(name)) || key.Location == nil {
			return
		}
		x := policies.Problem{Code: codeFixture, Warning: true, Found: fmt.Sprintf("the key %q, which %s does not have", string(name), of),
			Expected: "one of " + policies.List(known, "or")}
		x.Suggestion, _ = policies.Nearest(string(name), known)
		f.pass.Besides(key.Location, x)
	})
}

// jsonFields are the fields of a type as JSON has them.
func jsonFields(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			out[name] = t.Field(i).Type
		}
	}
	return out
}
