package eval_test

import (
	"context"
	"encoding"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
)

// TestFieldsThatMayBeThereAreNotComplainedOf loads what policies rightly do
// with fields and with keys that are data.
func TestFieldsThatMayBeThereAreNotComplainedOf(t *testing.T) {
	data := `
people:
  - {email: ann@acme.com, team: Payments, roles: {payments: manager}}
  - {email: bob@acme.com, end: "2026-12-01T00:00:00Z", address: {city: Bern}}
  - {email: cat@acme.com, end: null, address: null, roles: {}, nick: [c, k]}
leads: {Payments: ann@acme.com, Core: bob@acme.com}
teams: {Payments: {lead: ann@acme.com}, Core: {budget: 3, lead: null}}
mixed: [plain, {email: x@acme.com}, 3, [1]]
nothing: []
empty: {}
settings: {limit: 3, names: [a], nested: {deep: {er: 1}}}
access: {thresholds: {low: 1}}
`
	for name, rules := range map[string]string{
		"optional fields of rows": `
			group contains {"name": p.team} if some p in data.people
			group contains {"name": p.email} if { some p in data.people; not p.end }
			group contains {"name": p.address.city} if some p in data.people
			group contains {"name": p.nick[0]} if some p in data.people`,
		"a field that is not there yet, under not": `
			group contains {"name": p.email} if { some p in data.people; not p.suspended }
			group contains {"name": p.email} if { some p in data.people; not p.contract.ended }`,
		"object.get and a computed field": `
			group contains {"name": object.get(p, "nickname", p.email)} if some p in data.people
			group contains {"name": p[field]} if { some p in data.people; some field in ["email", "nickname"] }
			group contains {"name": object.get(p, ["address", "street"], "x")} if some p in data.people`,
		"keys that are data": `
			group contains {"name": data.leads[name]} if some name, _ in input.teams
			group contains {"name": name} if { some name, team in data.teams; team.budget > 2 }
			group contains {"name": t.lead} if { some p in data.people; t := data.teams[p.team] }
			group contains {"name": k} if { some k, v in data.settings; v == 3 }
			group contains {"name": "x"} if data.settings.nested.deep.er == 1
			group contains {"name": role} if { some p in data.people; some role in p.roles }`,
		"a list of several kinds": `
			group contains {"name": x} if { some x in data.mixed; is_string(x) }
			group contains {"name": x.email} if some x in data.mixed
			group contains {"name": sprintf("%v", [x[0]])} if some x in data.mixed`,
		"documents with nothing in them": `
			group contains {"name": x.email} if some x in data.nothing
			group contains {"name": x.email} if some x in data.empty
			group contains {"name": data.empty[p.email].name} if some p in data.people`,
		"a document beside the packages": `
			group contains {"name": "x"} if data.access.thresholds.low > 0
			group contains {"name": k} if data.access.thresholds[k] > 0`,
		"rows of two kinds in one rule": `
			everyone contains {"email": u.email, "title": u.job_title} if some u in input.users
			everyone contains p if some p in data.people
			group contains {"name": x.title} if some x in everyone
			group contains {"name": x.address.city} if some x in everyone`,
		"ids as constants and as variables": `
			group contains {"name": input.users.PANN.email}
			group contains {"name": input.users["PBOB"].email}
			group contains {"name": u.email} if { id := "PANN"; u := input.users[id] }
			group contains {"name": input.teams[t].name} if { some u in input.users; some t, role in u.teams; role == "manager" }`,
		"null or a thing": `
			group contains {"name": s.origin.id} if { some sched in input.schedules; some s in sched.shifts; s.origin != null }
			group contains {"name": input.teams[t.parent].name} if some t in input.teams
			group contains {"name": input.licenses[u.license].role_group} if some u in input.users`,
		"merged and built objects": `
			group contains {"name": x.extra} if { some u in input.users; x := object.union(u, {"extra": "y"}) }
			group contains {"name": x.y} if { some p in data.people; x := {"y": p.email, "z": p.team} }
			group contains {"name": x.email} if { some x in array.concat([u | some u in input.users], data.people) }
			by_mail := {p.email: p | some p in data.people}
			group contains {"name": by_mail["dan@acme.com"].team}
			group contains {"name": by_mail[u.email].team} if some u in input.users`,
		"helpers": `
			address(x) := x.address.street
			group contains {"name": address(p)} if some p in data.people
			city(p) := p.address.city if p.address
			else := p.email
			group contains {"name": city(p)} if some p in data.people`,
		"every, and walk": `
			group contains {"name": "x"} if every i, p in data.people { p.email != ""; i >= 0; every c in p.email { c != "" } }
			group contains {"name": "y"} if every id, u in input.users { u.id == id; every m in u.contact_methods { m.type != "" } }
			group contains {"name": v.name} if { [path, v] := walk(input); count(path) == 2 }`,
		"the library": `
			group contains {"name": data.dutyward.user("ann@acme.com").email}
			group contains {"name": data.dutyward.team("Payments").default_role}
			group contains {"name": s.time_zone} if s := data.dutyward.schedule("Primary")
			group contains {"name": data.dutyward.local("Europe/Berlin").weekday}`,
		"replaced for a part": `
			group contains {"name": n} if n := first with data.people as [{"email": "x", "nickname": "y"}]
			first := data.people[0].email
			group contains {"name": "z"} if count(input.users) == 0 with input.users as {}
			group contains {"name": "z"} if first == "x" with input as {"other": 1}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := root(t, "d.yaml", data, "access/a.rego", "package access.a\n\n"+rules+"\n")
			s, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range s.Warnings() {
				if !strings.Contains(p.Found, "outside a test") {
					t.Error(p)
				}
			}
		})
	}
}

func TestEveryFieldOfTheInputIsKnown(t *testing.T) {
	paths := fieldPaths("input", reflect.TypeFor[inventory.Snapshot]())
	paths = append(paths, fieldPaths("input.desired", reflect.TypeFor[desired.Document]())...)
	paths = append(paths, fieldPaths("input.groups[_]", reflect.TypeFor[desired.GroupDocument]())...)
	if len(paths) < 100 {
		t.Fatalf("only %d paths", len(paths))
	}
	rules := "package risk.a\n\n"
	for _, path := range paths {
		rules += "seen contains " + path + "\n"
	}
	for _, p := range load(t, root(t, "risk/a.rego", rules)).Warnings() {
		t.Error(p)
	}
}

// fieldPaths are the paths of all fields in the JSON of a type.
func fieldPaths(path string, t reflect.Type) []string {
	switch {
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return nil
	case t.Kind() == reflect.Pointer:
		return fieldPaths(path, t.Elem())
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Map:
		return fieldPaths(path+"[_]", t.Elem())
	case t.Kind() != reflect.Struct:
		return nil
	}
	var out []string
	for f := range t.Fields() {
		name := f.Tag.Get("json")
		if f.Anonymous && name == "" {
			out = append(out, fieldPaths(path, f.Type)...)
			continue
		}
		out = append(out, path+"."+name)
		out = append(out, fieldPaths(path+"."+name, f.Type)...)
	}
	return out
}

func TestAFieldThatTheSchemaNamesMayBeInNoRow(t *testing.T) {
	schema := root(t, "people.json", `{"items": {"$ref": "#/$defs/person"}, "$defs": {"person": {"properties": {"ends": {"type": "string"}}}}}`)
	s, err := eval.Load(context.Background(), eval.Options{
		Roots: []string{root(t, "d.yaml", "people: [{email: ann@acme.com, end: null}]", "access/a.rego", `package access.a

group contains {"name": p.email} if { some p in data.people; p.ends < "2026" }

group contains {"name": p.emial} if some p in data.people
`)},
		Schemas: map[string]string{"people": filepath.Join(schema, "people.json")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if ws := s.Warnings(); len(ws) != 1 || ws[0].Suggestion != "email" {
		t.Errorf("%v", ws)
	}
}
