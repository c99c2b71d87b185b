package scaffold_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/scaffold"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

var acme = scaffold.Account{Name: "acme", Region: "us", TokenEnv: "PAGERDUTY_TOKEN"}

// saved is a snapshot that was taken.
type saved struct{ snapshot *inventory.Snapshot }

func (s saved) Snapshot(context.Context, []string) (*inventory.Snapshot, error) {
	return s.snapshot, nil
}

type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// drafted makes a draft and writes it to a directory.
func drafted(t failer, s *inventory.Snapshot, dir string) *scaffold.Draft {
	t.Helper()
	d, err := scaffold.Make(s, acme)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, f.Content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// loaded loads the drafted policies of a directory.
func loaded(t failer, dir string) *eval.Set {
	t.Helper()
	set, err := eval.Load(context.Background(), eval.Options{
		Roots: []string{filepath.Join(dir, "policies")},
		Schemas: map[string]string{
			"people": filepath.Join(dir, "people.schema.json"), "teams": filepath.Join(dir, "teams.schema.json"),
		},
	})
	if err != nil {
		t.Fatalf("the drafted policies do not load: %v", err)
	}
	if w := set.Warnings(); len(w) > 0 {
		t.Fatalf("the drafted policies give warnings: %v", w)
	}
	return set
}

func planned(t failer, s *inventory.Snapshot, set *eval.Set, mode plan.Mode) *plan.Plan {
	t.Helper()
	round := reconcile.Round{
		Reader: saved{s}, Policies: set, Memory: (*journal.Journal)(nil),
		Settings: plan.Settings{Default: mode}, Now: func() time.Time { return s.Now },
	}
	result, err := round.Plan(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return result.Plan
}

// contents are what a plan holds, but for implied roles and owners, whom nobody
// gives a base role.
func contents(p *plan.Plan) map[string]any {
	all := map[string]any{}
	put := func(name string, n int, what any) {
		if n > 0 {
			all[name] = what
		}
	}
	put("changes", len(p.Changes), p.Changes)
	put("unenforced", len(p.Unenforced), p.Unenforced)
	put("blocked", len(p.Blocked), p.Blocked)
	put("held", len(p.Held), p.Held)
	put("unknown", len(p.Unknown), p.Unknown)
	put("extra", len(p.Extra), p.Extra)
	put("protected", len(p.Protected), p.Protected)
	put("absent", len(p.Absent), p.Absent)
	put("findings", len(p.Findings), p.Findings)
	put("errors", len(p.Errors), p.Errors)
	put("warnings", len(p.Warnings), p.Warnings)
	put("suspended", len(p.Suspended), p.Suspended)
	return all
}

// wantEmpty demands an empty plan in observe and in sync.
func wantEmpty(t failer, s *inventory.Snapshot, dir string) {
	t.Helper()
	set := loaded(t, dir)
	for _, mode := range []plan.Mode{plan.Observe, plan.Sync} {
		if got := contents(planned(t, s, set, mode)); len(got) > 0 {
			t.Fatalf("in %s the plan is not empty: %+v", mode, got)
		}
	}
}

func TestADraftGivesAnEmptyPlanOnTheExamplesAccounts(t *testing.T) {
	for _, name := range []string{"company", "starter"} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(filepath.Join("..", "..", "examples", name, "seed.json"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			s, err := inventory.Decode(f)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if d := drafted(t, s, dir); d.People != len(s.Users) || d.Teams != len(s.Teams) || len(d.Notes) > 0 {
				t.Errorf("%d people and %d teams of %d and %d, notes %q", d.People, d.Teams, len(s.Users), len(s.Teams), d.Notes)
			}
			wantEmpty(t, s, dir)
		})
	}
}

func TestADraftGivesAnEmptyPlanOnAnyAccount(t *testing.T) {
	top := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		s := anyAccount(t)
		n++
		dir := filepath.Join(top, fmt.Sprint(n))
		first := drafted(t, s, dir)
		wantEmpty(t, s, dir)
		if again, err := scaffold.Make(s, acme); err != nil || cmp.Diff(first, again) != "" {
			t.Fatal("the same snapshot gives two drafts")
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	})
}

// odd are names and addresses that a careless draft would get wrong.
var odd = []string{
	"", " ", "Payments", "payments", "Payments ", "#P1", "*", "team:*", "a: b", "- a", "yes", "NO", "null", "~", "1e3", "0x1F", "2026-03-02",
	`"quoted"`, "it's", "# hash", "a # b", "{x}", "{{x}}", "[x", "&a", "!!int 3", "|", "%d", "@", "支払い", "Ünïcödé", "Платежи", "مدفوعات", "💸",
	"a\nb", "a\tb", "nb\u00a0sp", "zero\u200bwidth", "\ufeffbom", "line\u2028sep", "next\u0085line", "del\x7f", "<undefined>", "---", "back\\slash", "$x",
}

// anyAccount draws an account that holds together as PagerDuty's do.
func anyAccount(t *rapid.T) *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{
			Name: "acme", Region: "us", TakenAt: monday, Complete: true,
			Window:    inventory.Window{Since: monday.AddDate(0, 0, -7), Until: monday.AddDate(0, 0, 35)},
			Abilities: []string{"teams"},
		},
		Now: monday, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{},
		Schedules: map[string]inventory.Schedule{}, EscalationPolicies: map[string]inventory.EscalationPolicy{},
	}
	name := rapid.OneOf(rapid.SampledFrom(odd), rapid.String())
	address := rapid.OneOf(
		rapid.SampledFrom([]string{"ann@acme.com", "Ann@Acme.com", "bob@acme.com", "o'hara@acme.com", "a:b@acme.com", `"x y"@acme.com`, "#x@acme.com", "jürgen@bücher.example", "李@例子.example", "<undefined>@acme.com"}),
		rapid.StringMatching(`[a-z0-9.+]{1,4}@[a-z]{1,3}\.test`), name)
	roles := append(inventory.BaseRoles(), "owner")
	var users, teams []string
	for i := range rapid.IntRange(0, 8).Draw(t, "people") {
		id := fmt.Sprintf("PU%d", i)
		users = append(users, id)
		s.Users[id] = inventory.User{ID: id, Name: name.Draw(t, "name"), Email: address.Draw(t, "address"),
			BaseRole: rapid.SampledFrom(roles).Draw(t, "base role"), Teams: map[string]string{}}
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "teams") {
		id := fmt.Sprintf("PT%d", i)
		teams = append(teams, id)
		s.Teams[id] = inventory.Team{ID: id, Name: name.Draw(t, "team"), Members: map[string]string{}}
		for _, user := range users {
			if role := rapid.SampledFrom(append(inventory.TeamRoles(), "")).Draw(t, "role"); role != "" {
				s.Teams[id].Members[user] = role
				s.Users[user].Teams[id] = role
			}
		}
	}
	onDuty(t, s, users, teams)
	s.Normalize()
	return s
}

// onDuty adds a schedule and a policy of a team, whose people are on the team
// then.
func onDuty(t *rapid.T, s *inventory.Snapshot, users, teams []string) {
	if len(users) == 0 || len(teams) == 0 || !rapid.Bool().Draw(t, "on duty") {
		return
	}
	user := rapid.SampledFrom(users).Draw(t, "on call")
	team := rapid.SampledFrom(teams).Draw(t, "team of the schedule")
	if s.Teams[team].Members[user] == "" {
		s.Teams[team].Members[user] = "responder"
		s.Users[user].Teams[team] = "responder"
	}
	s.Schedules["PS"] = inventory.Schedule{ID: "PS", Name: "Primary", Kind: inventory.ScheduleOfShifts, TimeZone: "Etc/UTC",
		Teams: []string{team}, Users: []string{user}, EscalationPolicies: []string{"PE"}}
	s.EscalationPolicies["PE"] = inventory.EscalationPolicy{ID: "PE", Name: "Primary", Teams: []string{team},
		Rules: []inventory.EscalationRule{{Targets: []inventory.Target{{Type: "schedule", ID: "PS"}}}}}
}

func TestWhatPoliciesCantSayIsLeftOutAndTold(t *testing.T) {
	s := small()
	s.Users["PU3"] = inventory.User{ID: "PU3", Email: "cy@acme.com", BaseRole: "emperor", Teams: map[string]string{}}
	s.Teams["PT2"] = inventory.Team{ID: "PT2", Name: "Ghosts", Members: map[string]string{"PGONE": "manager", "PU1": "manager"}}
	s.Teams["PT3"] = inventory.Team{ID: "PT3", Name: "Odd", Members: map[string]string{"PU1": "captain"}}
	s.Normalize()
	dir := t.TempDir()
	d := drafted(t, s, dir)
	want := []string{
		`cy@acme.com has the base role "emperor", which policies can't give: nothing is said of it`,
		"team Ghosts (#PT2) is left out: its member #PGONE is not among the people that were read",
		`team Odd (#PT3) is left out: its member ann@acme.com has the role "captain", which policies can't give`,
	}
	if diff := cmp.Diff(want, d.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	p := planned(t, s, loaded(t, dir), plan.Sync)
	if len(p.Changes)+len(p.Unenforced)+len(p.Held)+len(p.Errors)+len(p.Warnings) > 0 {
		t.Errorf("the plan is not empty: %+v", contents(p))
	}
}

func TestADraftReadsWell(t *testing.T) {
	d, err := scaffold.Make(small(), acme)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Files {
		if filepath.Ext(f.Path) != ".yaml" {
			continue // the same for every account
		}
		golden := filepath.Join("testdata", filepath.Base(f.Path))
		if *update {
			if err := os.WriteFile(golden, f.Content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatalf("%v: run the test with -update to write it", err)
		}
		if diff := cmp.Diff(string(want), string(f.Content)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Path, diff)
		}
	}
}

func TestTheConfigurationReachesTheAccountAsItWasReached(t *testing.T) {
	for name, c := range map[string]struct {
		account scaffold.Account
		want    string
	}{
		"a file, through OAuth, in the EU": {
			scaffold.Account{Name: "on", Region: "eu", TokenFile: "/run/secrets/a b", OAuth: true, ActingUser: "ops@acme.com"},
			"  name: \"on\"\n  region: eu\n  token: {file: \"/run/secrets/a b\"}\n  auth: oauth\n" +
				"  # In whose name an account's API key writes; a user's own token needs none.\n  acting_user: ops@acme.com\n",
		},
		"a command, through a proxy": {
			scaffold.Account{Name: "acme", Region: "us", BaseURL: "http://127.0.0.1:8080", TokenCommand: []string{"pass", "show: it"}},
			"  base_url: \"http://127.0.0.1:8080\"\n  token: {command: [pass, \"show: it\"]}\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := scaffold.Make(small(), c.account)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(d.Files[0].Content); d.Files[0].Path != "dutyward.yaml" || !strings.Contains(text, c.want) {
				t.Errorf("%s:\n%s\nwant in it:\n%s", d.Files[0].Path, text, c.want)
			}
		})
	}
}

func TestADraftNeedsACompleteSnapshot(t *testing.T) {
	s := small()
	s.Account.Complete = false
	s.Account.Missing = []inventory.Missing{{What: "members of team Payments", Reason: "403"}}
	_, err := scaffold.Make(s, acme)
	if !errors.Is(err, scaffold.ErrIncomplete) || !strings.Contains(err.Error(), "members of team Payments: 403") {
		t.Errorf("got %v", err)
	}
}

// small is an account of two people and a team.
func small() *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: monday, Complete: true},
		Now:     monday,
		Users: map[string]inventory.User{
			"PU1": {ID: "PU1", Name: "Ann: # Keller", Email: "ann@acme.com", BaseRole: "owner", Teams: map[string]string{"PT1": "manager"}},
			"PU2": {ID: "PU2", Name: "Бо", Email: "", BaseRole: "limited_user", Teams: map[string]string{"PT1": "responder"}},
		},
		Teams: map[string]inventory.Team{
			"PT1": {ID: "PT1", Name: "Payments: EU", Members: map[string]string{"PU1": "manager", "PU2": "responder"}},
		},
	}
	s.Normalize()
	return s
}
