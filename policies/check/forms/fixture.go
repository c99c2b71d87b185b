package forms

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/source"
)

const codeFixture code.Code = "test/fixture-key"

// Fixtures looks for what the accounts of tests do not have.
var Fixtures = source.Analyzer{
	Name: "fixtures",
	Doc:  "keys that accounts of tests do not have",
	Run:  checkFixtures,
	Pages: code.Pages{
		{
			Code:    codeFixture,
			Title:   "An account of a test has no such key",
			Means:   "dutyward.fixture.account is given a key or a field of a user that it does not know.",
			Why:     "It passes over it. A test that nobody has something then passes for nothing, since the account is empty.",
			Do:      "Use one of the keys that the message lists.",
			Example: `fixture.account({"user": {…}})  # "users"`,
		},
	},
}

// fixtureKeys are those that fixture.account reads; see policies/library/fixture.rego.
var fixtureKeys = []string{"users", "teams", "schedules", "escalation_policies", "services", "licenses", "on_calls", "account", "now"}

// checkFixtures warns of keys that fixture.account passes over.
func checkFixtures(p *source.Pass) {
	fields := jsonFields(reflect.TypeFor[inventory.User]())
	for _, name := range []string{"fixture.account", "dutyward.fixture.account", "data.dutyward.fixture.account"} {
		eachCall(p, name, func(args []*ast.Term, _ *ast.Location) {
			spec, ok := args[0].Value.(ast.Object)
			if !ok {
				return
			}
			checkKeys(p, spec, fixtureKeys, "an account of a test")
			users := spec.Get(ast.StringTerm("users"))
			if users == nil {
				return
			}
			if byEmail, ok := users.Value.(ast.Object); ok {
				byEmail.Foreach(func(_, user *ast.Term) {
					if o, ok := user.Value.(ast.Object); ok {
						checkKeys(p, o, fields, "a user")
					}
				})
			}
		})
	}
}

func checkKeys(p *source.Pass, o ast.Object, known []string, of string) {
	o.Foreach(func(key, _ *ast.Term) {
		name, ok := key.Value.(ast.String)
		if !ok || slices.Contains(known, string(name)) || key.Location == nil {
			return
		}
		x := policies.Problem{Code: codeFixture, Warning: true, Found: fmt.Sprintf("the key %q, which %s does not have", string(name), of),
			Expected: "one of " + policies.List(known, "or")}
		x.Suggestion, _ = policies.Nearest(string(name), known)
		p.Besides(key.Location, x)
	})
}

// jsonFields are the fields of a type as JSON has them.
func jsonFields(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			out = append(out, name)
		}
	}
	return out
}
