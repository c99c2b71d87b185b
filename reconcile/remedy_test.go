package reconcile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// forEachUser begins a rule that grants a team to those for whom what follows holds.
const forEachUser = "grant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome u in input.users"

// remedy is a mistake of policies, and what check recommends, applied.
type remedy struct {
	// file is the file that the remedy changes.
	file, rego, data string
	code             code.Code
	// recommended is what the problem must say of the remedy, which replaces old by new.
	recommended, old, new string
	// gives is how many grants there are then.
	gives int
}

// remedies are mistakes with their remedies.
var remedies = map[string]remedy{
	"a key misspelt in one row": {
		file: "people/people.yaml", code: "rule/undefined-head", recommended: "did you mean role instead of rolle?", old: "rolle", new: "role", gives: 2,
		data: "- {email: u0@acme.com, role: manager}\n- {email: u1@acme.com, rolle: manager}\n",
		rego: `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": p.role} if some p in data.people`,
	},
	"a head for some rows only": {
		file: "access/a.rego", code: "rule/undefined-head", recommended: "p.role among the conditions", old: "some p in data.people", new: "{ some p in data.people; p.role }", gives: 1,
		data: "- {email: u0@acme.com, role: manager}\n- {email: u1@acme.com}\n",
		rego: `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": p.role} if some p in data.people`,
	},
	"a word that a look-up does not know": {
		file: "people/people.yaml", code: "rule/undefined-head", recommended: "did you mean engineer?", old: "enginer", new: "engineer", gives: 2,
		data: "- {email: u0@acme.com, kind: engineer}\n- {email: u1@acme.com, kind: enginer}\n",
		rego: "role := {\"engineer\": \"manager\"}\n\n" + `grant contains {"principal": $"user:{p.email}", "resource": "team:Payments", "role": role[p.kind]} if some p in data.people`,
	},
	"the number of a row": {
		file: "access/a.rego", code: "rule/undefined-head", recommended: "did you mean some p in data.people?", old: "some p, _ in data.people", new: "some p in data.people", gives: 2,
		data: "- {email: u0@acme.com, role: manager}\n- {email: u1@acme.com, role: manager}\n",
		rego: `grant contains {"principal": sprintf("user:%s", [p.email]), "resource": "team:Payments", "role": p.role} if some p, _ in data.people`,
	},
	"a text for a list": {
		file: "people/people.yaml", code: "data/odd-type", recommended: "did you mean [Payments]?", old: "teams: Payments", new: "teams: [Payments]", gives: 2,
		data: "- {email: u0@acme.com, teams: [Payments]}\n- {email: u1@acme.com, teams: Payments}\n",
		rego: "grant contains {\"principal\": $\"user:{p.email}\", \"resource\": $\"team:{t}\", \"role\": \"manager\"} if {\n\tsome p in data.people\n\tsome t in p.teams\n}",
	},
	"no for false": {
		file: "people/people.yaml", code: "data/text-for-truth", recommended: "did you mean false?", old: "contractor: no", new: "contractor: false", gives: 1,
		data: "- {email: u0@acme.com, contractor: no}\n- {email: u1@acme.com, contractor: true}\n",
		rego: "grant contains {\"principal\": $\"user:{p.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome p in data.people\n\tnot p.contractor\n}",
	},
	"a word misspelt in one row": {
		file: "people/people.yaml", code: "data/odd-text", recommended: `did you mean "engineer"?`, old: "enginer", new: "engineer", gives: 2,
		data: "- {email: u0@acme.com, kind: engineer}\n- {email: u1@acme.com, kind: enginer}\n",
		rego: "grant contains {\"principal\": $\"user:{p.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome p in data.people\n\tp.kind == \"engineer\"\n}",
	},
	"a number compared with a text": {
		file: "access/a.rego", code: "policy/other-type", recommended: "values of one type", old: `"2025"`, new: "2025", gives: 1,
		data: "- {email: u0@acme.com, since: 2025}\n- {email: u1@acme.com, since: 2019}\n",
		rego: "grant contains {\"principal\": $\"user:{p.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome p in data.people\n\tp.since == \"2025\"\n}",
	},
	"an assignment for a comparison": {
		file: "access/a.rego", code: "policy/unused-variable", recommended: "expected ==", old: "\tlead := u.email", new: "\tlead == u.email", gives: 1,
		rego: "lead := \"u0@acme.com\"\n\ngrant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome u in input.users\n\tlead := u.email\n}",
	},
	"keys among values": {
		file: "access/a.rego", code: "policy/id-among-values", recommended: "did you mean leads[u.email]?", old: "u.email in leads", new: "leads[u.email]", gives: 1,
		rego: "leads := {\"u0@acme.com\": true}\n\ngrant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome u in input.users\n\tu.email in leads\n}",
	},
	"a team's name among ids": {
		file: "access/a.rego", code: "policy/id-among-values", recommended: `u.teams[data.dutyward.team("Payments").id]`, old: `"Payments" in u.teams`, new: `u.teams[data.dutyward.team("Payments").id]`, gives: 1,
		rego: "grant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome u in input.users\n\t\"Payments\" in u.teams\n}",
	},
	"a team's name as a key": {
		file: "access/a.rego", code: "policy/name-as-key", recommended: `u.teams[data.dutyward.team("Payments").id]`, old: `u.teams["Payments"]`, new: `u.teams[data.dutyward.team("Payments").id]`, gives: 1,
		rego: "grant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome u in input.users\n\tu.teams[\"Payments\"]\n}",
	},
	"a pattern with delimiters": {
		file: "access/a.rego", code: "policy/pattern-never-matches", recommended: "expected null in place of the delimiters", old: `["@"]`, new: "null", gives: 7,
		rego: "grant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome u in input.users\n\tglob.match(\"*acme.com\", [\"@\"], u.email)\n}",
	},
	"a pattern for the end": {
		file: "access/a.rego", code: "policy/pattern-never-matches", recommended: `did you mean endswith(u.email, "acme.com")?`, old: `glob.match("*acme.com", ["@"], u.email)`, new: `endswith(u.email, "acme.com")`, gives: 7,
		rego: "grant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome u in input.users\n\tglob.match(\"*acme.com\", [\"@\"], u.email)\n}",
	},
	"an address in capitals": {
		file: "people/people.yaml", code: "name/other-letters", recommended: "did you mean u0@acme.com?", old: "U0@Acme.com", new: "u0@acme.com", gives: 6,
		data: "[U0@Acme.com]\n",
		rego: "grant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome u in input.users\n\tnot u.email in data.people\n}",
	},
	"an address in capitals, by lower": {
		file: "access/a.rego", code: "name/other-letters", recommended: "compared letter by letter", old: "not u.email in data.people", new: "not lower(u.email) in {lower(x) | some x in data.people}", gives: 6,
		data: "[U0@Acme.com]\n",
		rego: "grant contains {\"principal\": $\"user:{u.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if {\n\tsome u in input.users\n\tnot u.email in data.people\n}",
	},
	"an address in capitals, compared with what lower gives": {
		file: "people/people.yaml", code: "name/other-letters", recommended: "did you mean u0@acme.com?", old: "U0@Acme.com", new: "u0@acme.com", gives: 1,
		data: "[U0@Acme.com]\n",
		rego: forEachUser + "\n\tlower(u.email) in data.people\n}",
	},
	"an address in capitals in a rule": {
		file: "access/a.rego", code: "name/other-letters", recommended: "did you mean u0@acme.com?", old: "U0@Acme.com", new: "u0@acme.com", gives: 1,
		rego: "leads := {\"U0@Acme.com\"}\n\n" + forEachUser + "\n\tu.email in leads\n}",
	},
	"an expression with an anchor too many": {
		file: "access/a.rego", code: "name/pattern-matches-nothing", recommended: "did you mean regex.match(`@acme\\.com$`, u.email)?", old: "^@acme", new: "@acme", gives: 7,
		rego: forEachUser + "\n\tregex.match(`^@acme\\.com$`, u.email)\n}",
	},
	"the two sides of contains swapped": {
		file: "access/a.rego", code: "name/pattern-matches-nothing", recommended: `did you mean contains(u.email, "u0@")?`, old: `contains("u0@", u.email)`, new: `contains(u.email, "u0@")`, gives: 1,
		rego: forEachUser + "\n\tcontains(\"u0@\", u.email)\n}",
	},
	"a domain misspelt": {
		file: "access/a.rego", code: "name/pattern-matches-nothing", recommended: `did you mean endswith(u.email, "@acme.com")?`, old: "@acme.co\"", new: "@acme.com\"", gives: 7,
		rego: forEachUser + "\n\tendswith(u.email, \"@acme.co\")\n}",
	},
	"admin for everybody": {
		file: "access/a.rego", code: "policy/reaches-most", recommended: "7 of 7 people admin", old: "if some u in input.users", new: "if { some u in input.users; u.email == \"u0@acme.com\" }", gives: 1,
		rego: `grant contains {"principal": $"user:{u.email}", "resource": "account", "role": "admin"} if some u in input.users`,
	},
	"a limit for everybody": {
		file: "access/a.rego", code: "policy/reaches-most", recommended: "7 of 7 people nothing", old: "if some u in input.users", new: "if { some u in input.users; u.email == \"u0@acme.com\" }", gives: 0,
		rego: `limit contains {"principal": $"user:{u.email}", "resource": "team:*", "at_most": "none", "reason": "r"} if some u in input.users`,
	},
	"admin for whoever is on a team": {
		file: "access/a.rego", code: "finding/admin-by-facts", recommended: "grant admin to named people", old: "team:Payments", new: "user:u0@acme.com", gives: 1,
		rego: `grant contains {"principal": "team:Payments", "resource": "account", "role": "admin"}`,
	},
	"a limit at the highest role, by the data": {
		file: "people/people.yaml", code: "policy/limit-at-highest", recommended: "name a lower role", old: "most: manager", new: "most: responder", gives: 0,
		data: "- {email: u0@acme.com, most: manager}\n",
		rego: `limit contains {"principal": $"user:{p.email}", "resource": "team:Payments", "at_most": p.most, "reason": "r"} if some p in data.people`,
	},
	"a limit that takes all that is granted": {
		file: "access/a.rego", code: "policy/reaches-most", recommended: "takes away all that is granted where it applies, from 3 people", old: "if some l in data.people", new: "if { some l in data.people; l.out }", gives: 3,
		data: "- {email: u0@acme.com}\n- {email: u1@acme.com}\n- {email: u2@acme.com, out: true}\n",
		rego: "grant contains {\"principal\": $\"user:{p.email}\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if some p in data.people\n\n" +
			`limit contains {"principal": $"user:{l.email}", "resource": "team:*", "at_most": "none", "reason": "r"} if some l in data.people`,
	},
	"a key of an account of a test": {
		file: "access/a.rego", code: "test/fixture-key", recommended: `did you mean users?`, old: `"user"`, new: `"users"`, gives: 1,
		rego: "import data.dutyward.fixture\n\naccount := fixture.account({\"user\": [\"u0@acme.com\"]})\n\ngrant contains {\"principal\": \"user:u0@acme.com\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if account",
	},
	"a role in an account of a test": {
		file: "access/a.rego", code: "test/fixture-role", recommended: `did you mean admin?`, old: `administrator`, new: `admin`, gives: 1,
		rego: "import data.dutyward.fixture\n\naccount := fixture.account({\"users\": {\"u0@acme.com\": {\"base_role\": \"administrator\"}}})\n\ngrant contains {\"principal\": \"user:u0@acme.com\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if account",
	},
	"a person whom an account of a test does not list": {
		file: "access/a.rego", code: "test/fixture-person", recommended: `the same address in users`, old: `["u0@acme.com"]`, new: `["u0@acme.com", "u1@acme.com"]`, gives: 1,
		rego: "import data.dutyward.fixture\n\naccount := fixture.account({\"users\": [\"u0@acme.com\"], \"schedules\": {\"P\": [\"u1@acme.com\"]}})\n\ngrant contains {\"principal\": \"user:u0@acme.com\", \"resource\": \"team:Payments\", \"role\": \"manager\"} if account",
	},
	"METADATA in other letters": {
		file: "access/a.rego", code: "policy/metadata", recommended: "did you mean # METADATA?", old: "# Metadata", new: "# METADATA", gives: 1,
		rego: "# Metadata\n# title: Ours\n" + `grant contains {"principal": "user:u0@acme.com", "resource": "team:Payments", "role": "manager"}`,
	},
	"some for every": {
		file: "access/a.rego", code: "policy/some-for-every", recommended: "did you mean not u.email in data.people?", gives: 5,
		old: "\tsome b in data.people\n\tb != u.email", new: "\tnot u.email in data.people",
		data: "[u0@acme.com, u1@acme.com]\n",
		rego: forEachUser + "\n\tsome b in data.people\n\tb != u.email\n}",
	},
	"a group that nothing fills": {
		file: "access/a.rego", code: "policy/group-never-filled", recommended: `member contains {"group": "core", …}`, gives: 1,
		old: "grant", new: "member contains {\"group\": \"core\", \"principal\": \"user:u0@acme.com\"}\n\ngrant",
		rego: "group contains {\"name\": \"core\"}\n\ngrant contains {\"principal\": \"group:core\", \"resource\": \"team:Payments\", \"role\": \"manager\"}",
	},
	"a list collected for each person": {
		file: "access/a.rego", code: "speed/list-search", recommended: "all_emails := {p.email | some p in data.people}, and then not u.email in all_emails", gives: 6,
		old: forEachUser + "\n\tnot u.email in [p.email | some p in data.people]", new: "all_emails := {p.email | some p in data.people}\n\n" + forEachUser + "\n\tnot u.email in all_emails",
		data: "- {email: u0@acme.com}\n",
		rego: forEachUser + "\n\tnot u.email in [p.email | some p in data.people]\n}",
	},
	"a set made for each person": {
		file: "access/a.rego", code: "speed/repeated-index", recommended: "all_emails := {x.email | some x in input.users}", gives: 7,
		old: forEachUser + "\n\temails := {x.email | some x in input.users}\n\tu.email in emails", new: "all_emails := {x.email | some x in input.users}\n\n" + forEachUser + "\n\tu.email in all_emails",
		rego: forEachUser + "\n\temails := {x.email | some x in input.users}\n\tu.email in emails\n}",
	},
	"shifts counted for each person": {
		file: "access/a.rego", code: "speed/search", gives: 7,
		recommended: "grouped[sh.user] contains [s, sh] if { some s in input.schedules; some sh in s.shifts }, and by_user := grouped, which reads them whole; and then object.get(by_user, u.id, set())",
		old:         forEachUser + "\n\tcount([sh | some s in input.schedules; some sh in s.shifts; sh.user == u.id]) == 0",
		new:         "grouped[sh.user] contains [s, sh] if { some s in input.schedules; some sh in s.shifts }\n\nby_user := grouped\n\n" + forEachUser + "\n\tcount(object.get(by_user, u.id, set())) == 0",
		rego:        forEachUser + "\n\tcount([sh | some s in input.schedules; some sh in s.shifts; sh.user == u.id]) == 0\n}",
	},
	"people compared with each other": {
		file: "access/a.rego", code: "speed/search", gives: 7,
		recommended: "an equality of both in place of it, of which one side is looked up",
		old:         "some x in input.users\n\tstartswith(x.email, u.name)", new: "data.dutyward.user(u.email)",
		rego: forEachUser + "\n\tsome x in input.users\n\tstartswith(x.email, u.name)\n}",
	},
	"a walk for each person": {
		file: "access/a.rego", code: "speed/walk", gives: 7,
		recommended: "found := {v | walk(input.users, [path, v])}, with the conditions on path in it, and then u.id in found",
		old:         forEachUser + "\n\twalk(input.users, [path, v])\n\tpath[count(path) - 1] == \"id\"\n\tv == u.id",
		new:         "found := {v | walk(input.users, [path, v]); path[count(path) - 1] == \"id\"}\n\n" + forEachUser + "\n\tu.id in found",
		rego:        forEachUser + "\n\twalk(input.users, [path, v])\n\tpath[count(path) - 1] == \"id\"\n\tv == u.id\n}",
	},
}

// TestWhatCheckRecommendsMendsTheMistake applies each remedy, and sees the mistake gone
// and the result right.
func TestWhatCheckRecommendsMendsTheMistake(t *testing.T) {
	for name, c := range remedies {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"access/a.rego": "package access.a\n\n" + c.rego + "\n"}
			if c.data != "" {
				files["people/people.yaml"] = c.data
			}
			before, _ := mistaken(t, files)
			said := func(p policies.Problem) bool { return p.Code == c.code && strings.Contains(p.Text(), c.recommended) }
			if !slices.ContainsFunc(before, said) {
				t.Fatalf("nothing of %s that says %q:\n%v", c.code, c.recommended, before)
			}
			if !strings.Contains(files[c.file], c.old) {
				t.Fatalf("%s has no %q", c.file, c.old)
			}
			files[c.file] = strings.Replace(files[c.file], c.old, c.new, 1)
			after, grants := mistaken(t, files)
			for _, p := range after {
				if !p.Note {
					t.Errorf("after the remedy: %s", p)
				}
			}
			if grants != c.gives {
				t.Errorf("%d grants, want %d", grants, c.gives)
			}
		})
	}
}

// mistaken is what check says of policies on an account of seven, of whom the first is
// on a team, and how many grants they give.
func mistaken(t *testing.T, files map[string]string) (policies.Problems, int) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}})
	if ps, ok := err.(policies.Problems); ok {
		return ps, 0
	}
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: now, Complete: true, Window: inventory.Window{Since: now.AddDate(0, 0, -7), Until: now.AddDate(0, 0, 35)}},
		Now:     now, Users: map[string]inventory.User{},
		Teams: map[string]inventory.Team{"PTEAM01": {ID: "PTEAM01", Name: "Payments", DefaultRole: "manager", Members: map[string]string{"PUSER00": "manager"}}},
	}
	for i := range 7 {
		id := fmt.Sprintf("PUSER%02d", i)
		s.Users[id] = inventory.User{ID: id, Name: id, Email: fmt.Sprintf("u%d@acme.com", i), BaseRole: "limited_user"}
	}
	first := s.Users["PUSER00"]
	first.Teams = map[string]string{"PTEAM01": "manager"}
	s.Users["PUSER00"] = first
	s.Normalize()
	round := reconcile.Round{
		Policies: set, Reader: theAccount{s}, Memory: (*journal.Journal)(nil), Now: func() time.Time { return now },
		Settings: plan.Settings{Default: plan.Observe},
	}
	problems, result, err := round.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return problems, len(result.Statements.Grants)
}

type theAccount struct{ s *inventory.Snapshot }

func (a theAccount) Snapshot(context.Context, []string) (*inventory.Snapshot, error) { return a.s, nil }
