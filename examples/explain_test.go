package examples_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// What explain says of each person and each team is what the plan does, and no explanation
// contradicts itself: also where a rule failed, and what it would give is not known.
func TestExplainSaysWhatThePlanDoes(t *testing.T) {
	const broken = `package access.broken

role(who) := "manager" if who in {"a", "b"}

role(who) := "responder" if who in {"b", "c"}

grant contains {"principal": "user:dan.weber@acme.test", "resource": "team:Board Room", "role": role(who)} if some who in {"a", "b", "c"}
`
	for name, more := range map[string]string{"whole": "", "a rule failed": broken} {
		t.Run(name, func(t *testing.T) {
			result := planOf(t, more)
			seen := map[report.Status]int{}
			for user := range result.Snapshot.Users {
				targets := []inventory.Ref{inventory.AccountRef}
				for id := range result.Snapshot.Teams {
					targets = append(targets, inventory.ByID(inventory.KindTeam, id))
				}
				for _, target := range targets {
					x := explained(result, desired.Pair{User: user, Resource: target})
					seen[x.Status]++
					for _, wrong := range contradictions(result, x) {
						t.Errorf("%s on %s: %s\n%+v", x.Email, x.Name, wrong, x.Standing)
					}
				}
			}
			if seen[report.StatusPlanned] == 0 || (more != "") != (seen[report.StatusNone] == 0) {
				t.Errorf("the statuses are %v", seen)
			}
		})
	}
}

func planOf(t *testing.T, more string) *reconcile.Result {
	t.Helper()
	roots := []string{"company/policies"}
	if more != "" {
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, "broken.rego"), []byte(more), 0o600); err != nil {
			t.Fatal(err)
		}
		roots = append(roots, root)
	}
	set, err := eval.Load(t.Context(), eval.Options{Roots: roots})
	if err != nil {
		t.Fatal(err)
	}
	round := reconcile.Round{Reader: saved("company/seed.json"), Policies: set, Memory: (*journal.Journal)(nil), Settings: plan.Settings{Default: plan.Sync}, Now: monday.Local}
	result, err := round.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func explained(result *reconcile.Result, pair desired.Pair) report.Explanation {
	return report.Explain(report.NewStandings(result.Snapshot, result.Access, result.Plan).Of(pair),
		result.Expansion.NotInForce(pair, result.Access.At), result.Expansion.Misses(pair, result.Access.At), nil)
}

// contradictions are what an explanation says that is not so.
func contradictions(r *reconcile.Result, x report.Explanation) (wrong []string) {
	pair := desired.Pair{User: x.User, Resource: x.Resource}
	is := func(c plan.Change) bool { return c.Pair() == pair }
	change := slices.IndexFunc(r.Plan.Changes, is)
	held := slices.IndexFunc(r.Plan.Held, func(h plan.Held) bool { return is(h.Change) })
	blocked := slices.IndexFunc(r.Plan.Blocked, func(b plan.Blocked) bool { return is(b.Change) })
	for _, expected := range []struct {
		there  bool
		status report.Status
	}{
		{change >= 0, report.StatusPlanned}, {held >= 0, report.StatusHeld}, {blocked >= 0, report.StatusBlocked},
	} {
		if expected.there != (x.Status == expected.status) && x.Status != report.StatusUnknown {
			wrong = append(wrong, "the plan says "+string(expected.status)+", or explain alone does")
		}
	}
	if change >= 0 && r.Plan.Changes[change].After != x.Asked {
		wrong = append(wrong, "the plan makes it "+r.Plan.Changes[change].After)
	}
	if (x.Status == report.StatusAsAsked || x.Status == report.StatusNone) && x.Holds != x.Asked {
		wrong = append(wrong, "nothing is to be done, and it is not as policies say")
	}
	if (x.Asked == inventory.None) != (len(x.By) == 0) && x.Status != report.StatusProtected {
		wrong = append(wrong, "what is given and the rules that give it don't go together")
	}
	for _, m := range x.Misses {
		if slices.ContainsFunc(x.By, func(by desired.By) bool { return place(by.Origin) == place(m.Origin) }) {
			wrong = append(wrong, place(m.Origin)+" gives it and does not")
		}
	}
	var text strings.Builder
	if err := report.ExplainText(&text, x, report.Style{}); err != nil {
		return append(wrong, err.Error())
	}
	named := len(r.Access.Named[pair.Target()]) > 0 || len(r.Access.Failed()) > 0
	if strings.Contains(text.String(), "No rule gives anybody anything") && named {
		wrong = append(wrong, "a rule gives somebody something:\n"+text.String())
	}
	return wrong
}

func place(o policies.Origin) string { return o.File + ":" + o.Package + ":" + strconv.Itoa(o.Line) }
