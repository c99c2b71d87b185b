// Package bigaccount makes up accounts of any size with policies for them, to measure
// what things cost by size.
package bigaccount

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Size is how large an account is, and how many policy files there are.
type Size struct {
	People, Teams, Schedules, Policies int
	// Turn is how long turns are.
	Turn time.Duration
}

// Medium is a large company: the size that most figures are given for.
var Medium = Size{People: 10_000, Teams: 500, Schedules: 500, Policies: 500, Turn: 24 * time.Hour}

// ParseSize reads "people,teams,schedules,policies"; what is left out is as in Medium,
// in proportion to the people.
func ParseSize(text string) (Size, error) {
	s := Medium
	parts := strings.Split(text, ",")
	fields := []*int{&s.People, &s.Teams, &s.Schedules, &s.Policies}
	if len(parts) > len(fields) {
		return s, fmt.Errorf("%q: want people,teams,schedules,policies", text)
	}
	for i, part := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return s, fmt.Errorf("%q: want people,teams,schedules,policies, each a number from 1", text)
		}
		*fields[i] = n
	}
	for i := len(parts); i < len(fields); i++ {
		*fields[i] = max(1, s.People/20)
	}
	return s, nil
}

func (s Size) String() string {
	return fmt.Sprintf("%d people, %d teams, %d schedules, %d policies", s.People, s.Teams, s.Schedules, s.Policies)
}

// Now is when the account is read.
var Now = time.Date(2026, 3, 16, 8, 30, 0, 0, time.UTC)

func user(i int) string  { return fmt.Sprintf("PU%06d", i) }
func email(i int) string { return fmt.Sprintf("u%d@big.test", i) }

// Snapshot is the account: the people in teams one after the other, nine of ten of each
// where policies want them; five people of a team in turns on each of its schedules.
func (s Size) Snapshot() *inventory.Snapshot {
	since := Now.Truncate(24*time.Hour).AddDate(0, 0, -7)
	a := &inventory.Snapshot{
		Account: inventory.Account{Name: "big", TakenAt: Now, Complete: true, Window: inventory.Window{Since: since, Until: since.AddDate(0, 0, 42)}},
		Now:     Now, Users: map[string]inventory.User{}, Teams: map[string]inventory.Team{}, Schedules: map[string]inventory.Schedule{},
	}
	for i := range s.People {
		a.Users[user(i)] = inventory.User{ID: user(i), Name: user(i), Email: email(i), BaseRole: "limited_user", Teams: map[string]string{}}
	}
	for t := range s.Teams {
		id := fmt.Sprintf("PT%06d", t)
		team := inventory.Team{ID: id, Name: fmt.Sprintf("Team %d", t), Members: map[string]string{}}
		for i := t; i < s.People; i += s.Teams {
			if i%10 < 9 {
				team.Members[user(i)], a.Users[user(i)].Teams[id] = "responder", "responder"
			}
		}
		a.Teams[id] = team
	}
	for n := range s.Schedules {
		id := fmt.Sprintf("PS%06d", n)
		a.Schedules[id] = s.schedule(id, n, a.Account.Window)
	}
	a.Normalize()
	return a
}

// schedule has turns that begin at its own hour, as its layer says.
func (s Size) schedule(id string, n int, w inventory.Window) inventory.Schedule {
	start := w.Since.AddDate(0, 0, -28).Add(time.Duration(n%24) * time.Hour)
	layer := inventory.Layer{ID: "L" + id, Name: "L", Start: start, VirtualStart: start, TurnSeconds: int(s.Turn.Seconds())}
	for k := range 5 {
		layer.Users = append(layer.Users, user((n%s.Teams+k*s.Teams)%s.People))
	}
	v := inventory.Schedule{ID: id, Name: fmt.Sprintf("Schedule %d", n), Kind: inventory.ScheduleOfLayers, TimeZone: "Etc/UTC", Coverage: 100, Layers: []inventory.Layer{layer}}
	for k := 0; ; k++ {
		from := start.Add(time.Duration(k) * s.Turn)
		if !from.Before(w.Until) {
			return v
		}
		if until := from.Add(s.Turn); until.After(w.Since) {
			v.Shifts = append(v.Shifts, inventory.Shift{User: layer.Users[k%5], Start: from, End: until})
		}
	}
}

// Roster is the data of the people: "people" by e-mail, and "teams" with their members.
func (s Size) Roster() []byte {
	type person struct {
		Email string `json:"email"`
		Team  string `json:"team"`
	}
	var roster struct {
		People []person            `json:"people"`
		Teams  map[string][]string `json:"teams"`
	}
	roster.Teams = map[string][]string{}
	for i := range s.People {
		team := fmt.Sprintf("Team %d", i%s.Teams)
		roster.People = append(roster.People, person{email(i), team})
		roster.Teams[team] = append(roster.Teams[team], email(i))
	}
	text, _ := json.Marshal(roster) // of texts
	return text
}

const base = `package access.base

grant contains {"principal": $"user:{p.email}", "resource": "account", "role": "limited_user"} if some p in data.people
`

const shared = `package shared

members(team) := data.teams[team]
`

// Policy is the policy file of one team and schedule.
func (s Size) Policy(n int) string {
	t, c := n%s.Teams, n%s.Schedules
	return fmt.Sprintf(`# METADATA
# title: Team %[2]d
# custom: {owner: dan@big.test}
package access.p%[1]d

import data.shared

grant contains {"principal": $"user:{m}", "resource": "team:Team %[2]d", "role": "responder"} if some m in shared.members("Team %[2]d")

group contains {"name": "oncall-%[1]d"}

member contains {"group": "oncall-%[1]d", "principal": "oncall:Schedule %[3]d", "lead": "15m"}

grant contains {"principal": "group:oncall-%[1]d", "resource": "team:Team %[2]d", "role": "manager"}
`, n, t, c)
}

// Write writes policies, configuration and account.json into a directory.
func (s Size) Write(dir string) error {
	files := map[string][]byte{
		"dutyward.yaml":        []byte("account: {name: big}\npolicies: [policies]\nmanage: {default: sync}\n"),
		"policies/base.rego":   []byte(base),
		"policies/shared.rego": []byte(shared),
		"policies/roster.json": s.Roster(),
	}
	for n := range s.Policies {
		files[PolicyFile(n)] = []byte(s.Policy(n))
	}
	var account bytes.Buffer
	if err := s.Snapshot().Encode(&account); err != nil {
		return err
	}
	files["account.json"] = account.Bytes()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// PolicyFile is the place of a policy file in the directory.
func PolicyFile(n int) string { return fmt.Sprintf("policies/teams/p%d.rego", n) }
