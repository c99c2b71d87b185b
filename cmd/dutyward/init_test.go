package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/config"
	"github.com/dutyward/dutyward/cmd/internal/exit"
	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestTheCommentedPathOfAFirstConfigurationLeadsToOneTeamsSync(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	if code := run([]string{"init", dir, "--snapshot", "testdata/account.json"}, nil, &stdout, &stderr, nil); code != exit.OK {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	c, err := (&app{&session.Process{ConfigFile: takePath(t, dir)}}).Config()
	if err != nil {
		t.Fatal(err)
	}
	if mode := c.Settings().ModeOf(inventory.KindTeam, "TPAY", "Payments"); mode != plan.Sync {
		t.Errorf("Payments is in %s", mode)
	}
	if mode := c.Settings().ModeOf(inventory.KindTeam, "TSEA", "Search"); mode != plan.Observe {
		t.Errorf("Search is in %s", mode)
	}
}

// takePath does as the comments in a first configuration say, up to sync for
// one team, and returns its file.
func takePath(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, config.DefaultFile)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, path, found := strings.Cut(string(text), "  # teams:\n")
	if !found {
		t.Fatalf("no commented path in\n%s", text)
	}
	path = strings.ReplaceAll("  # teams:\n"+path, "  # ", "  ")
	if err := os.WriteFile(file, []byte(before+strings.Replace(path, "grant-only", "sync", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// strange are accounts as one meets them. Each changes an ordinary one of four
// people on two teams.
var strange = map[string]func(s *inventory.Snapshot){
	"an ordinary one": func(*inventory.Snapshot) {},
	"nobody is on a team": func(s *inventory.Snapshot) {
		for id, team := range s.Teams {
			team.Members = map[string]string{}
			s.Teams[id] = team
		}
		for _, u := range s.Users {
			clear(u.Teams)
		}
	},
	"there are no teams": func(s *inventory.Snapshot) {
		clear(s.Teams)
		for _, u := range s.Users {
			clear(u.Teams)
		}
	},
	"everyone is a stakeholder": func(s *inventory.Snapshot) { everyone(s, func(u *inventory.User) { u.BaseRole = "read_only_user" }) },
	"everyone is the owner":     func(s *inventory.Snapshot) { everyone(s, func(u *inventory.User) { u.BaseRole = "owner" }) },
	"nobody has accepted the invitation": func(s *inventory.Snapshot) {
		everyone(s, func(u *inventory.User) { u.Invited, u.Name = true, "" })
	},
	"people share an address in other cases": func(s *inventory.Snapshot) {
		n := 0
		everyone(s, func(u *inventory.User) {
			u.Email = []string{"ann@acme.com", "Ann@Acme.com", "ANN@ACME.COM", "x@acme.com"}[n]
			n++
		})
	},
	"teams share a name":                    func(s *inventory.Snapshot) { teamsCalled(s, "Payments", "Payments") },
	"teams are called as YAML's own words":  func(s *inventory.Snapshot) { teamsCalled(s, "on", "null") },
	"teams are called as numbers and dates": func(s *inventory.Snapshot) { teamsCalled(s, "1e3", "2026-03-02") },
	"teams are called with signs":           func(s *inventory.Snapshot) { teamsCalled(s, `#1: "the" best, isn't it`, "*") },
	"teams are called over two lines":       func(s *inventory.Snapshot) { teamsCalled(s, "\nPayments\n", "支払い\tチーム") },
	"teams have very long names": func(s *inventory.Snapshot) {
		teamsCalled(s, strings.Repeat("long ", 500)+"a", strings.Repeat("長", 1000))
	},
	"teams are called as policies write": func(s *inventory.Snapshot) { teamsCalled(s, "team:Payments", `{"x": true}`) },
	"there are thousands of people": func(s *inventory.Snapshot) {
		for i := range 3_000 {
			id := fmt.Sprintf("PX%05d", i)
			s.Users[id] = inventory.User{ID: id, Name: "Ann Lee", Email: fmt.Sprintf("u%d@acme.com", i), BaseRole: "limited_user", Teams: map[string]string{"PT1": "responder"}}
			s.Teams["PT1"].Members[id] = "responder"
		}
	},
}

func everyone(s *inventory.Snapshot, change func(*inventory.User)) {
	for i := range 4 {
		id := fmt.Sprintf("PU%d", i)
		u := s.Users[id]
		change(&u)
		s.Users[id] = u
	}
}

func teamsCalled(s *inventory.Snapshot, names ...string) {
	for i, name := range names {
		id := fmt.Sprintf("PT%d", i+1)
		team := s.Teams[id]
		team.Name = name
		s.Teams[id] = team
	}
}

// ordinary is an account of four people on two teams, without schedules.
func ordinary() *inventory.Snapshot {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := &inventory.Snapshot{
		Account: inventory.Account{Name: "acme", Region: "us", TakenAt: now, Complete: true, Abilities: []string{"teams"},
			Window: inventory.Window{Since: now.AddDate(0, 0, -7), Until: now.AddDate(0, 0, 35)}},
		Now: now, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{
			"PT1": {ID: "PT1", Name: "Payments", Members: map[string]string{}}, "PT2": {ID: "PT2", Name: "Search", Members: map[string]string{}}},
	}
	for i, role := range []string{"owner", "user", "limited_user", "observer"} {
		id, team := fmt.Sprintf("PU%d", i), fmt.Sprintf("PT%d", 1+i%2)
		s.Users[id] = inventory.User{ID: id, Name: "Ann Lee", Email: fmt.Sprintf("ann%d@acme.com", i), BaseRole: role, Teams: map[string]string{team: "responder"}}
		s.Teams[team].Members[id] = "responder"
	}
	return s
}

// From a snapshot to policies, their check, an empty plan, and one still empty
// with a team in sync: what a newcomer does on the first day.
func TestAFirstConfigurationSaysWhatAnyAccountHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for name, change := range strange {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			snapshot, dir := filepath.Join(top, "account.json"), filepath.Join(top, "acme")
			s := ordinary()
			change(s)
			s.Normalize()
			var text bytes.Buffer
			if err := s.Encode(&text); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(snapshot, text.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			printed := func(args ...string) string {
				t.Helper()
				var stdout, stderr bytes.Buffer
				if code := run(args, nil, &stdout, &stderr, nil); code != exit.OK || stderr.Len() > 0 {
					t.Fatalf("%s: exit code %d\n%s%s", args[0], code, &stdout, &stderr)
				}
				return stdout.String()
			}
			printed("init", dir, "--snapshot", snapshot)
			file := filepath.Join(dir, config.DefaultFile)
			if got := printed("check", "--config", file); strings.Contains(got, "warning") {
				t.Errorf("check:\n%s", got)
			}
			if got := printed("plan", "--config", file, "--snapshot", snapshot); !strings.Contains(got, "No changes") {
				t.Errorf("plan:\n%s", got)
			}
			if got := printed("plan", "--config", takePath(t, dir), "--snapshot", snapshot); !strings.Contains(got, "No changes") {
				t.Errorf("plan in sync:\n%s", got)
			}
		})
	}
}
