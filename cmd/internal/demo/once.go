package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/fatih/color"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/report"
)

// once goes through the main job, a step at a time.
func (d *demonstration) once(ctx context.Context) error {
	d.say("Dutyward keeps who has what in PagerDuty equal to what Rego policies say. Here is the main job, once, for a\n" +
		"made-up company on a simulated PagerDuty: in this process, without network.")
	if err := d.account(ctx); err != nil {
		return err
	}
	if err := d.policies(ctx); err != nil {
		return err
	}
	if err := d.plan(ctx); err != nil {
		return err
	}
	if err := d.apply(ctx); err != nil {
		return err
	}
	return d.again(ctx)
}

// account reads the account.
func (d *demonstration) account(ctx context.Context) error {
	d.begin("The account", "dutyward snapshot")
	s, err := d.ForReading(ctx, session.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	account, err := s.Reader.Snapshot(ctx, nil)
	if err != nil {
		return err
	}
	kinds := map[string]int{}
	for _, v := range account.Schedules {
		kinds[v.Kind]++
	}
	d.say("%s on %s: %s, %s, %s (%d of layers, %d of shifts), %d escalation policies, %s.",
		account.Account.Name, account.Account.TakenAt.Format("Monday, 2 January 2006, 15:04 UTC"),
		report.Counted(len(account.Users), "user"), report.Counted(len(account.Teams), "team"), report.Counted(len(account.Schedules), "schedule"),
		kinds[inventory.ScheduleOfLayers], kinds[inventory.ScheduleOfShifts], len(account.EscalationPolicies), report.Counted(len(account.Services), "service"))
	d.say("Full refresh: %s", report.CostSummary(s.Client.Cost()))
	return nil
}

// policies tells what the policies are, with the most nested group.
func (d *demonstration) policies(ctx context.Context) error {
	d.begin("The policies", "dutyward check; dutyward groups NAME")
	s, result, err := d.round(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var files []string
	err = fs.WalkDir(os.DirFS(s.Config.Policies[0]), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasSuffix(path, "_test.rego") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	d.say("%s: they ask for %s and declare %s. The most nested one follows the on-call shifts on its own:",
		strings.Join(files, ", "), report.Counted(result.Access.Grants.Len(), "role"), report.Counted(len(result.Access.Groups), "group"))
	d.say("")
	return report.GroupsText(d.Stdout, result.Access, inventory.NewIndex(result.Snapshot), []string{mostNested(result.Access)}, d.Style(d.Stdout))
}

// mostNested is the group with the longest chain to a member.
func mostNested(access *desired.Access) string {
	best, depth := "", -1
	for _, name := range slices.Sorted(maps.Keys(access.Groups)) {
		for _, m := range access.Groups[name].Members {
			for _, chain := range m.Chains {
				if len(chain) > depth {
					best, depth = name, len(chain)
				}
			}
		}
	}
	return best
}

func (d *demonstration) plan(ctx context.Context) error {
	d.begin("The plan", "dutyward plan")
	s, result, err := d.round(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return report.PlanText(d.Stdout, result.Plan, d.Style(d.Stdout))
}

func (d *demonstration) apply(ctx context.Context) error {
	d.begin("The changes", "dutyward apply")
	d.say("Each is looked at just before it is written, and recorded before and after.")
	s, err := d.ForWriting(ctx, session.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	return d.commands.Apply(ctx, d.Process, s, d.pause)
}

// again plans once more: nothing is left to do.
func (d *demonstration) again(ctx context.Context) error {
	d.begin("Once more", "dutyward plan")
	s, result, err := d.round(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if n := len(result.Plan.Changes); n > 0 {
		return fmt.Errorf("the second plan should be empty and has %s", report.Counted(n, "change"))
	}
	d.say("A fresh snapshot, a fresh plan, and nothing left to apply:")
	d.say("")
	d.say("%s", report.PlanSummary(result.Plan))
	d.say("")
	d.say("Next, on your own account, where a first run changes nothing: see README.md, or `dutyward help configuration`.")
	return nil
}

// round plans in a session of its own, as another process would.
func (d *demonstration) round(ctx context.Context) (*session.Session, *reconcile.Result, error) {
	s, err := d.ForReading(ctx, session.Options{})
	if err != nil {
		return nil, nil, err
	}
	result, err := s.Plan(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, result, nil
}

// begin announces a step and the command that does it.
func (d *demonstration) begin(title, command string) {
	d.pause(600 * time.Millisecond)
	d.step++
	head := color.New(color.Bold, color.FgCyan)
	if !d.Style(d.Stdout).Colour {
		head.DisableColor()
	}
	text := fmt.Sprintf("── %d. %s ", d.step, title)
	rest := max(4, 78-len([]rune(text))-len(command))
	fmt.Fprintf(d.Stdout, "\n%s\n\n", head.Sprint(text+strings.Repeat("─", rest)+" "+command))
}

func (d *demonstration) say(format string, args ...any) {
	fmt.Fprintf(d.Stdout, format+"\n", args...)
}

// pause lets a person watch; where nobody does it returns at once.
func (d *demonstration) pause(t time.Duration) {
	if terminal.Is(d.Stdout) {
		time.Sleep(t)
	}
}
