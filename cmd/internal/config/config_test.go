package config

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// load loads a configuration file with this text from a folder of its own.
func load(t *testing.T, text string, env map[string]string) (*Config, string, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "dutyward.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if env == nil {
		env = map[string]string{}
	}
	c, err := Load(file, env, nil)
	return c, dir, err
}

func TestTheDocumentedExampleLoadsAndSetsWhatItSays(t *testing.T) {
	c, dir, err := load(t, Example, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Policies, []string{filepath.Join(dir, "policies")}; !cmp.Equal(got, want) {
		t.Errorf("policies = %v, want %v", got, want)
	}
	want := plan.Settings{
		Default:   plan.Observe,
		Kinds:     map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.GrantOnly},
		Resources: []plan.ResourceMode{{Resource: "team:Payments", Mode: plan.Sync}},
		Include:   map[inventory.Kind][]string{inventory.KindTeam: {"Payments*", "#PABC123"}},
		Operators: []string{"ops@acme.com"},
		Longest:   720 * time.Hour, WarnBefore: 24 * time.Hour,
		Bounds: plan.DefaultBounds(),
	}
	want.Bounds[0].Most, want.Bounds[1].Least, want.Bounds[1].Most = 30, 1, 2
	want.Bounds = append(want.Bounds, plan.Bound{
		Name: "cutover", Effect: plan.Raise, Causes: plan.CountedCauses(), Resources: []string{"team:Payments*"},
		Least: 5, Most: 5, Window: time.Hour,
	})
	got := c.Settings()
	want.Freezes = []plan.Freeze{
		{
			Name: "year-end", From: time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC), Until: time.Date(2027, 1, 3, 0, 0, 0, 0, time.UTC),
			Causes: plan.FrozenCauses(), Reason: "nobody is there to fix it",
		},
		{Name: "weekend", Lasts: 62 * time.Hour, Causes: plan.FrozenCauses()},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(plan.Freeze{}, "Begins")); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	friday := time.Date(2026, 3, 6, 17, 0, 0, 0, time.UTC)
	if begins := got.Freezes[1].Begins.Next(friday.Add(-time.Hour)); !begins.Equal(friday) {
		t.Errorf("the weekend begins %s, want %s", begins, friday)
	}
}

func TestFaultsAreAllToldAtOnceWithTheirLine(t *testing.T) {
	_, dir, err := load(t, `account:
  regio: us
  token: u+secret
  auth: basic
manage:
  default: synk
  teams: {mode: webhook, resources: {Payments: observ}}
  schedules: observe
window: {back_days: many}
policies: policies
operators: [ops]
operators: [ops@acme.com]
`, nil)
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
	want := `the configuration has 11 errors:
  dutyward.yaml:2: account.regio is not a setting; did you mean region?
  dutyward.yaml:3: account.token: a token does not belong in this file, where everybody who sees it, its backups or its history could use it; write where the token is: {env: PAGERDUTY_TOKEN}, {file: PATH} or {command: [PROGRAM, ARGUMENT, …]}
  dutyward.yaml:4: account.auth: "basic" is not valid; expected token or oauth
  dutyward.yaml:6: manage.default: "synk" is not a mode; did you mean sync?
  dutyward.yaml:7: manage.teams.mode: webhook is not available yet; expected observe, grant-only or sync
  dutyward.yaml:7: manage.teams.resources.Payments: "observ" is not a mode; did you mean observe?
  dutyward.yaml:8: manage.schedules: expected keys with values
  dutyward.yaml:9: window.back_days: expected a whole number
  dutyward.yaml:10: policies: expected a list
  dutyward.yaml:11: operators: "ops" is not a person: expected an e-mail address, or '#' and a PagerDuty id
  dutyward.yaml:12: operators stands here for the second time, first in line 11`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Error("the error repeats the token")
	}
}

func TestALimitThatMakesNoSenseIsAFaultWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"{admins: {mots: 3}}":                                  "limits.admins.mots is not a setting; did you mean most?",
		"{admins: {effect: lower}}":                            "limits.admins.effect: the effect of this limit is fixed; give a limit of your own another name",
		"{admin: {most: 3}}":                                   "limits.admin: expected an effect, lower or raise: only the limits lowerings, admins, managers have one by themselves",
		"{x: {effect: raise}}":                                 "limits.x: expected most: how many are let through without a release",
		"{x: {effect: up, most: 3}}":                           `limits.x.effect: "up" is not valid; expected one of lower, raise`,
		"{admins: {most: -1}}":                                 `limits.admins.most: "-1" is not valid; expected a number such as 5`,
		"{admins: {share: 0.1}}":                               `limits.admins.share: "0.1" is not valid; expected a percentage such as 10%`,
		"{admins: {window: 8d}}":                               `limits.admins.window: "8d" is not valid; expected a week or less, such as 1h or 24h`,
		"{admins: {causes: [handoff]}}":                        `limits.admins.causes: "handoff" is not valid; expected one of policy, facts, drift, leaver, revert`,
		"{admins: {kinds: [team]}}":                            `limits.admins.kinds: "team" is not valid; did you mean teams?`,
		"{x: {effect: raise, most: 1, resources: [Payments]}}": `limits.x.resources: "Payments" is not valid; expected account, or team: or schedule: with a name, a glob or '#' and an id`,
	} {
		file := filepath.Join(t.TempDir(), "dutyward.yaml")
		if err := os.WriteFile(file, []byte("limits:\n  "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(file, nil, nil); err == nil || !strings.HasSuffix(err.Error(), file+":2: "+want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestAFreezeThatMakesNoSenseIsAFaultWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"{x: {reason: y}}":                                  "freezes.x: expected from and until",
		"{x: {from: 2026-12-20}}":                           "expected from and until",
		"{x: {cron: '0 18 * * 5'}}":                         "expected from and until",
		"{x: {from: tomorrow, until: 2026-12-20}}":          `freezes.x.from: "tomorrow" is not a moment; expected from and until`,
		"{x: {from: 2026-12-20, until: 2026-12-19}}":        "freezes.x.until: the freeze ends before it begins",
		"{x: {cron: '0 18 * *', lasts: 62h}}":               `freezes.x.cron: "0 18 * *" is not a cron expression`,
		"{x: {cron: '0 18 * * 5', lasts: 1y}}":              `freezes.x.lasts: "1y" is not valid; expected a duration from a minute to 90 days`,
		"{x: {cron: '0 18 * * 5', lasts: 2h, causes: [a]}}": `freezes.x.causes: "a" is not valid`,
		"{x: {form: 2026-12-20}}":                           "freezes.x.form is not a setting; did you mean from?",
	} {
		file := filepath.Join(t.TempDir(), "dutyward.yaml")
		if err := os.WriteFile(file, []byte("freezes:\n  "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(file, nil, nil); err == nil || !strings.Contains(err.Error(), file+":2: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestTextThatIsNotOneYAMLMappingIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"broken":           {"account: [", "not YAML: line 1"},
		"a list":           {"- account", "the file: expected keys with values"},
		"two documents":    {"state: a\n---\nstate: b\n", "a second YAML document"},
		"nested text":      {"history: {keep: {a: b}}", "history.keep: expected a single value"},
		"a list in a text": {"schemas: {people: [a]}", "schemas.people: expected a text"},
		"a bad pattern":    {"manage: {teams: {include: ['a[']}}", "is not a pattern"},
		"two tokens":       {"account: {token: {env: A, file: b}}", "expected one of env, file and command"},
		"no policies":      {"policies: []", "expected at least one directory"},
		"no time at all":   {"evaluation: {time_limit: 0s}", "expected a second or more"},
		"a bare number":    {"evaluation: {time_limit: 30}", "expected a second or more"},
		"no elements":      {"evaluation: {max_elements: 0}", "expected 1 or more"},
		"a strange word":   {"evaluation: {allow_builtins: [http.sent]}", "did you mean http.send?"},
		"a zero window":    {"window: {back_days: 0}", "must be 1 or more"},
		"a short memory":   {"history: {keep: 24h}", "expected a week or more"},
		"an odd address":   {"account: {base_url: 'http://a:b@c'}", "without credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := load(t, c.text, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestASettingByItsFormerNameIsAnErrorThatNamesTheNewOne(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		env  map[string]string
		want string
	}{
		"teams":      {"manage: {teams: {import: [Payments]}}", nil, "manage.teams.import is now called manage.teams.include"},
		"schedules":  {"manage: {schedules: {import: [Weekly]}}", nil, "manage.schedules.import is now called manage.schedules.include"},
		"a variable": {"state: a.db", map[string]string{"DUTYWARD_MANAGE_TEAMS_IMPORT": "Payments"}, "is now called DUTYWARD_MANAGE_TEAMS_INCLUDE"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := load(t, c.text, c.env)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestAnEmptyFileIsTheDefaults(t *testing.T) {
	c, _, err := load(t, "# nothing yet\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Manage.Default != "observe" || c.Account.Token.Env != "PAGERDUTY_TOKEN" {
		t.Errorf("config = %+v", c)
	}
}

func TestVariablesWinOverTheFileAndTheirPathsAreRelativeToTheWorkingDirectory(t *testing.T) {
	c, _, err := load(t, "state: a.db\naccount: {region: us}\n", map[string]string{
		"DUTYWARD_STATE": "b.db", "DUTYWARD_ACCOUNT_REGION": "eu", "DUTYWARD_POLICIES": "p, q", "DUTYWARD_WINDOW_BACK_DAYS": "3",
		"DUTYWARD_SERVICE_HOST": "10.0.0.1", "DUTYWARD_PORT_80_TCP": "tcp://10.0.0.1:80",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.State, c.Account.Region, c.Policies, c.Window.BackDays}
	if diff := cmp.Diff([]any{"b.db", "eu", []string{"p", "q"}, 3}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAVariableThatIsNoSettingIsRefused(t *testing.T) {
	_, _, err := load(t, "", map[string]string{"DUTYWARD_ACCOUNT_REGIO": "eu"})
	if err == nil || !strings.Contains(err.Error(), "did you mean DUTYWARD_ACCOUNT_REGION?") {
		t.Errorf("error = %v", err)
	}
	_, _, err = load(t, "account: {token: {env: DUTYWARD_SECRET}}", map[string]string{"DUTYWARD_SECRET": "x"})
	if err != nil {
		t.Errorf("the variable that holds the token is refused: %v", err)
	}
}

func TestTheTokenComesFromWhereTheConfigurationSays(t *testing.T) {
	for name, c := range map[string]struct{ token, want, err string }{
		"environment":             {"{env: TOK}", "from-env", ""},
		"file":                    {"{file: tok}", "from-file", ""},
		"command":                 {"{command: [echo, from-command]}", "from-command", ""},
		"unset environment":       {"{env: NONE}", "", "set the environment variable NONE"},
		"missing file":            {"{file: none}", "", "read the PagerDuty token"},
		"failing command":         {"{command: [sh, -c, 'echo half-a-token; exit 3']}", "", "exit status 3"},
		"command without output":  {"{command: ['true']}", "", "printed nothing"},
		"nothing said, and unset": {"{}", "", "set the environment variable PAGERDUTY_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			conf, dir, err := load(t, "account: {token: "+c.token+"}", map[string]string{"TOK": "from-env\n"})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "tok"), []byte("from-file\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := conf.Token(context.Background())
			if got != c.want {
				t.Errorf("token = %q, want %q", got, c.want)
			}
			if c.err == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error = %v, want %q", err, c.err)
			}
			if err != nil && strings.Contains(err.Error(), "half-a-token") {
				t.Error("the error repeats what the command printed")
			}
		})
	}
}

func TestEveryKeyIsDocumentedInTheFilesOrder(t *testing.T) {
	var documented []string
	for _, k := range Keys() {
		documented = append(documented, k.key)
	}
	if diff := cmp.Diff(keysOf("", reflect.TypeFor[Config]()), documented); diff != "" {
		t.Errorf("keys of the struct and of the reference (-struct +reference):\n%s", diff)
	}
}

// keysOf are the paths of a struct's settings.
func keysOf(path string, t reflect.Type) []string {
	var keys []string
	for i, name := range fieldsOf(t) {
		if field := t.Field(i).Type; field.Kind() == reflect.Struct {
			keys = append(keys, keysOf(join(path, name), field)...)
		} else {
			keys = append(keys, join(path, name))
		}
	}
	return keys
}
