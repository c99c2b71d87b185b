package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	onCall      = "policies/access/oncall.rego"
	people      = "policies/access/people.rego"
	exceptions  = "policies/access/exceptions.rego"
	roster      = "policies/people/people.yaml"
	rows        = "policies/exceptions/exceptions.yaml"
	accessRisks = "policies/risk/access.rego"
	pagingRisks = "policies/risk/paging.rego"
	settings    = "dutyward.yaml"
)

// edit puts a text in the place of another, or behind all if that is empty.
type edit struct{ file, old, new string }

// pull is a pull request on the example company, and what a reviewer must find in what
// `plan --base` says of it, as text and as Markdown. Most do harm later or elsewhere.
type pull struct {
	name  string
	edits []edit
	says  []string
}

var pulls = []pull{
	{"an admin from tonight", []edit{{rows, "", `- who: gus.lind@acme.test
  resource: account
  role: admin
  from: "2026-03-16T20:00:00Z"
  until: "2026-03-17T20:00:00Z"
  why: work
  approved_by: dan.weber@acme.test
`}}, []string{"gus.lind@acme.test.*admin.*2026-03-16 20:00 UTC, until 2026-03-17 20:00 UTC", "later 1 to get more"}},
	{"an observer this afternoon", []edit{{rows, "", `- who: gus.lind@acme.test
  resource: team:Search
  role: observer
  from: "2026-03-16T13:00:00Z"
  until: "2026-03-17T20:00:00Z"
  why: work
  approved_by: dan.weber@acme.test
`}}, []string{"gus.lind@acme.test.*none → observer"}},
	{"a limit that binds nobody today is deleted", []edit{{people, `# METADATA
# title: Contractors have no access to production
# custom: {owner: aaron.blum@acme.test}
limit contains {
	"principal": "group:contractors",
	"resource": "group:production",
	"at_most": "none",
	"reason": "partner contracts exclude production",
}`, ""}}, []string{"limit group:contractors at most none on group:production", "Contractors have no access to production"}},
	{"a longer lead", []edit{{onCall, `"lead": "15m"`, `"lead": "12h"`}}, []string{"carla.rossi@acme.test.*at 2026-03-21 20:00 UTC rather than at 2026-03-22 07:45 UTC"}},
	{"a group is emptied next week", []edit{{onCall, `member contains {"group": "search-oncall", "principal": "oncall:Search Follow-the-Sun"}`, `member contains {"group": "search-oncall", "principal": "oncall:Search Follow-the-Sun", "until": "2026-03-23T00:00:00Z"}`}}, []string{"hiro.tanaka@acme.test.*no longer none → observer at 2026-03-23 00:00 UTC", "group:search-oncall will be empty from 2026-03-23"}},
	{"a nested group ends next week", []edit{{onCall, `member contains {"group": "production", "principal": "group:tier-1-oncall"}`, `member contains {"group": "production", "principal": "group:tier-1-oncall", "until": "2026-03-24T00:00:00Z"}`}}, []string{"deniz.aydin@acme.test.*responder → none.*at 2026-03-24 00:00 UTC rather than at 2026-03-30"}},
	{"an exception is cut to the past", []edit{{rows, `until: "2026-03-20T18:00:00Z"`, `until: "2026-03-15T18:00:00Z"`}}, []string{"ines.costa@acme.test.*responder → none", "0 to get more, 1 to get less; 1 changed"}},
	{"an exception is cut to tomorrow", []edit{{rows, `until: "2026-03-20T18:00:00Z"`, `until: "2026-03-17T08:00:00Z"`}}, []string{"ines.costa@acme.test.*ends 2026-03-17 08:00 UTC rather than 2026-03-20 18:00 UTC"}},
	{"a list takes a team out of a rule", []edit{{people, `	some person in data.people
	some team, role in person.teams
}`, `	some person in data.people
	some team, role in person.teams
	not team in data.closed.teams
}`}, {"policies/closed/closed.yaml", "", `teams: [Support]
`}}, []string{"hana.sato@acme.test.*responder → none.*left alone: no policy names this team"}},
	{"a flag that a limit reads is dropped", []edit{{roster, `- email: x.karl.adler@partner.test
  base_role: restricted_access
  contractor: true`, `- email: x.karl.adler@partner.test
  base_role: restricted_access`}}, []string{"member user:x.karl.adler@partner.test in group:contractors; the group has a limit of none on group:production"}},
	{"a flag is dropped that limits somebody now", []edit{{roster, `- email: x.fay.moreau@partner.test
  base_role: limited_user
  contractor: true`, `- email: x.fay.moreau@partner.test
  base_role: limited_user`}}, []string{"x.fay.moreau@partner.test.*responder → manager"}},
	{"a protection is deleted", []edit{{exceptions, `protect contains {"principal": "user:break.glass@acme.test", "reason": "break glass"}`, ""}}, []string{"break.glass@acme.test on every resource: break glass"}},
	{"a protection gets an end", []edit{{exceptions, `protect contains {"resource": "team:Board Room", "reason": "run by the executive office"}`, `protect contains {"resource": "team:Board Room", "reason": "run by the executive office", "until": "2026-03-20T00:00:00Z"}`}}, []string{"protect everybody on team:Board Room until 2026-03-20 00:00 UTC: run by"}},
	{"whoever is on call gets more", []edit{{onCall, `"resource": "team:Platform", "role": "observer"}`, `"resource": "team:Platform", "role": "manager"}`}}, []string{"ines.costa@acme.test.*→ manager", "later [0-9]+ to get more"}},
	{"a rotation gets two people more", []edit{{settings, `  teams:
    mode: sync`, `  schedules: {resources: {Mobile Primary: sync}}
  teams:
    mode: sync`}, {people, "", `
grant contains {"principal": $"user:{e}", "resource": "schedule:Mobile Primary", "role": "rotation"} if {
	some e in {"tara.singh@acme.test", "uma.patel@acme.test", "sam.cole@acme.test", "viktor.hale@acme.test", "gus.lind@acme.test"}
}
`}}, []string{"uma.patel@acme.test on schedule:Mobile Primary from 2026-04-27", "3 people whose turns move"}},
	{"a team that nothing was taken back on comes into sync", []edit{{settings, "Engineering: grant-only", "Engineering: sync"}}, []string{"viktor.hale@acme.test.*observer → none would be made; before: observer → none not enforced"}},
	{"temporary access may last a year", []edit{{settings, "longest: 31d", "longest: 365d"}}, []string{"access.longest: 31d → 365d"}},
	{"the limit on lowerings is lifted", []edit{{settings, "", `limits: {lowerings: {share: 100%, least: 1000, most: 1000}}
`}}, []string{"limits.lowerings.most: .not set. → 1000"}},
	{"nobody is an operator any more", []edit{{settings, "operators: [dan.weber@acme.test]", "operators: []"}}, []string{"operators: .*dan.weber@acme.test.* → "}},
	{"a gap is not bridged any more", []edit{{onCall, `	"when_empty": "keep-last",
`, ""}}, []string{"lag 30m when empty: keep-last", "will be empty from 2026-03-17 06:30 UTC"}},
	{"a waiver lasts four years more", []edit{{accessRisks, "2026-05-31", "2030-05-31"}}, []string{"waive single-person of escalation:Legacy Billing until 2030-05-31"}},
	{"a condition goes that nobody runs into", []edit{{exceptions, `	lower(row.who) != lower(row.approved_by)
`, ""}}, []string{"changed +policies/access/exceptions.rego:9 .*Access for a while"}},
	{"all base roles get an end", []edit{{people, `	"role": person.base_role,
	"source": $"people.yaml: {person.email}",
} if {
	some person in data.people
	person.base_role
}`, `	"role": person.base_role,
	"until": "2026-03-28T00:00:00Z",
	"source": $"people.yaml: {person.email}",
} if {
	some person in data.people
	person.base_role
}`}}, []string{"aaron.blum@acme.test.*ends 2026-03-28 00:00 UTC"}},
	{"a limit from next week, by the clock", []edit{{people, "", `
limit contains {"principal": "team:Search", "resource": "team:Search", "at_most": "observer", "reason": "quiet period"} if dutyward.within("2026-03-22T00:00:00Z", "2026-03-29T00:00:00Z")
`}, {people, "package access.people", `package access.people

import data.dutyward`}}, []string{"new +policies/access/people.rego.*gives 0.*at_most"}},
	{"admin by being on call, from next week", []edit{{onCall, "", `
grant contains {"principal": "group:tier-1-oncall", "resource": "account", "role": "admin", "from": "2026-03-25T00:00:00Z"}
`}}, []string{`zoe.hart@acme.test.*admin \(Global Admin\).*at 2026-03-25 00:00 UTC`}},
	{"a test", []edit{{"policies/access/access_test.rego", "", `
test_more if true
`}}, []string{"No difference until"}},
	{"an override on Friday", []edit{{settings, `  teams:
    mode: sync`, `  schedules: {resources: {Mobile Primary: sync}}
  teams:
    mode: sync`}, {people, "", `
grant contains {"principal": "user:tara.singh@acme.test", "resource": "schedule:Mobile Primary", "role": "override", "from": "2026-03-20T09:00:00Z", "until": "2026-03-20T17:00:00Z"}
`}}, []string{"tara.singh@acme.test.*none → override.*from 2026-03-20 09:00 UTC until 2026-03-20 17:00 UTC"}},
	{"a freeze of half a year", []edit{{settings, "", `freezes: {x: {from: 2026-03-20, until: 2026-12-01, causes: [drift, policy, facts]}}
`}}, []string{"freezes.x.until: .not set. → 2026-12-01"}},
	{"a team may lose everybody", []edit{{people, "", `
empty contains {"resource": "team:Search", "reason": "closing"}
`}}, []string{"empty team:Search may lose everybody"}},
	{"a limit is raised", []edit{{people, `"at_most": "responder"`, `"at_most": "manager"`}}, []string{"at most manager on team"}},
	{"teams are no longer managed", []edit{{settings, `  teams:
    mode: sync`, `  teams:
    mode: sync
    include: [Payments, Search]`}}, []string{"carla.rossi@acme.test.*no longer responder → none at 2026-03-21 08:00 UTC"}},
	{"risks are no longer looked for", []edit{{pagingRisks, "finding contains", "other contains"}}, []string{"rosa.vega@acme.test on schedule:Platform Night", "3 findings gone"}},
}

func TestAReviewerFindsWhatAPullRequestDoes(t *testing.T) {
	company := filepath.Join("..", "..", "examples", "company")
	base := t.TempDir()
	if err := os.CopyFS(base, os.DirFS(company)); err != nil {
		t.Fatal(err)
	}
	for i, p := range pulls {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			here := t.TempDir()
			if err := os.CopyFS(here, os.DirFS(base)); err != nil {
				t.Fatal(err)
			}
			for _, e := range p.edits {
				e.in(t, here)
			}
			for _, format := range []string{"text", "markdown"} {
				cmd := exec.Command("dutyward", "plan", "--base", base, "--snapshot", filepath.Join(base, "seed.json"), "--format", format)
				cmd.Dir = here
				said, err := cmd.Output()
				if failed := new(exec.ExitError); errors.As(err, &failed) {
					t.Fatalf("%v: %s", err, failed.Stderr)
				} else if err != nil {
					t.Fatal(err)
				}
				for _, want := range p.says {
					if !regexp.MustCompile(want).MatchString(plainly(string(said))) {
						t.Errorf("as %s, no %q in:\n%s", format, want, said)
					}
				}
			}
		})
	}
}

// plainly is a text without the marks of Markdown and what keeps it from linking.
func plainly(text string) string {
	return strings.NewReplacer("`", "", "\u200b", "", "\\", "", "<br>", " ").Replace(text)
}

// in makes the edit in a copy of the company.
func (e edit) in(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, filepath.FromSlash(e.file))
	text, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	edited := string(text) + e.new
	if e.old != "" {
		if !strings.Contains(string(text), e.old) {
			t.Fatalf("%s does not have %q", e.file, e.old)
		}
		edited = strings.ReplaceAll(string(text), e.old, e.new)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
}
