package docs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// TestCheckHasNothingToSayOfRecipesOnAnAccountThatHasTheirNames evaluates each
// recipe on an account that is given what the recipe names.
func TestCheckHasNothingToSayOfRecipesOnAnAccountThatHasTheirNames(t *testing.T) {
	for _, section := range strings.Split(text(t, "recipes.md"), "\n## ")[1:] {
		title, _, _ := strings.Cut(section, "\n")
		t.Run(title, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range fileBlock.FindAllStringSubmatch(section, -1) {
				write(t, filepath.Join(dir, f[1]), f[2])
			}
			set, err := eval.Load(context.Background(), eval.Options{Roots: []string{dir}})
			if err != nil {
				t.Fatal(err)
			}
			account := starter(t)
			for i, address := range address.FindAllString(section, -1) {
				addUser(account, fmt.Sprintf("PX%05d", i), address)
			}
			var problems policies.Problems
			for range 5 {
				problems = checked(t, set, account)
				if !addMissing(account, problems) {
					break
				}
			}
			for _, p := range problems {
				if p.Code == "policy/gives-nothing" {
					continue // a recipe may be for another account, or another day
				}
				t.Error(p)
			}
		})
	}
}

var (
	address = regexp.MustCompile(`[a-z.]+@[a-z]+(?:\.[a-z]+)+`)
	missing = regexp.MustCompile(`(team|schedule|escalation|service):([^,;]+) does not exist`)
)

func starter(t *testing.T) *inventory.Snapshot {
	t.Helper()
	f, err := os.Open("../examples/starter/seed.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := inventory.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checked(t *testing.T, set *eval.Set, account *inventory.Snapshot) policies.Problems {
	t.Helper()
	account.Normalize()
	round := reconcile.Round{
		Policies: set, Reader: saved{account}, Memory: (*journal.Journal)(nil), Now: func() time.Time { return account.Now },
		Settings: plan.Settings{Default: plan.Observe},
	}
	problems, _, err := round.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

type saved struct{ account *inventory.Snapshot }

func (s saved) Snapshot(context.Context, []string) (*inventory.Snapshot, error) {
	return s.account, nil
}

// addUser adds somebody of an address that nobody has yet.
func addUser(s *inventory.Snapshot, id, address string) {
	for _, u := range s.Users {
		if u.Email == address {
			return
		}
	}
	s.Users[id] = inventory.User{ID: id, Email: address, Name: address, BaseRole: "limited_user"}
}

// addMissing adds the things that problems say do not exist.
func addMissing(s *inventory.Snapshot, problems policies.Problems) (added bool) {
	for _, p := range problems {
		m := missing.FindStringSubmatch(p.Message)
		if m == nil {
			continue
		}
		added = true
		if ids := inventory.NewIndex(s).Find(inventory.Ref{Kind: inventory.Kind(m[1]), Name: m[2]}); len(ids) > 0 {
			continue
		}
		id := fmt.Sprintf("PY%05d", len(s.Teams)+len(s.Schedules)+len(s.EscalationPolicies)+len(s.Services))
		switch inventory.Kind(m[1]) {
		case inventory.KindTeam:
			s.Teams[id] = inventory.Team{ID: id, Name: m[2], DefaultRole: "manager"}
		case inventory.KindSchedule:
			var like inventory.Schedule
			for _, other := range s.Schedules {
				like = other
			}
			like.ID, like.Name, like.EscalationPolicies = id, m[2], nil
			for i, name := range []string{"Day", "Night"} {
				layer := like.Layers[0]
				layer.ID, layer.Name = fmt.Sprintf("%sL%d", id, i), name
				like.Layers = append(like.Layers, layer)
			}
			s.Schedules[id] = like
		case inventory.KindEscalation:
			like := inventory.EscalationPolicy{ID: id, Name: m[2]}
			for _, other := range s.Schedules {
				level := inventory.EscalationRule{DelayMinutes: 30, Targets: []inventory.Target{{Type: "schedule", ID: other.ID}}}
				like.Rules = []inventory.EscalationRule{level, level}
			}
			s.EscalationPolicies[id] = like
		case inventory.KindService:
			s.Services[id] = inventory.Service{ID: id, Name: m[2], Status: "active"}
		}
	}
	return added
}
