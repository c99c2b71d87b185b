package diff_test

import (
	"fmt"
	"testing"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// said are a plan's changes with why they are made, by which lines of the policies, and
// until when.
func said(p *plan.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		line := fmt.Sprintf("%s %s %s>%s: %s", c.Action, c.User, c.Before, c.After, c.Reason)
		for _, by := range c.By {
			line += fmt.Sprintf(" :%d", by.Line)
		}
		if c.Until != nil {
			line += " until " + c.Until.Format("15:04")
		}
		out = append(out, line)
	}
	return out
}

func TestEachChangeSaysWhyItIsMadeAndByWhichRules(t *testing.T) {
	team := func(user, role string) func(*diff.Input) {
		return func(in *diff.Input) {
			e := inventory.NewEdit(in.Snapshot)
			e.SetTeamRole("SEA", user, role)
			in.Snapshot = e.Snapshot()
		}
	}
	policy := func(lines ...string) func(*diff.Input) {
		return func(in *diff.Input) {
			in.Previous, in.Statements, in.Revision = in.Statements, everybody(lines...), "r2"
		}
	}
	for _, c := range []struct {
		name  string
		first []string
		hours float64
		then  func(*diff.Input)
		want  []string
	}{
		{"added by hand", nil, 1, team("di", "observer"), []string{"revoke di observer>none: added in PagerDuty; no rule gives it :3"}},
		{"added by hand, where several rules name the team", []string{"user:ed@acme.com team:Search observer"}, 1, team("di", "observer"),
			[]string{"revoke di observer>none: added in PagerDuty; no rule gives it :3 :4"}},
		{"taken away by hand", nil, 1, team("cy", inventory.None), []string{"grant cy none>responder: removed in PagerDuty; policies give responder :3"}},
		{"lowered by hand", nil, 1, team("cy", "observer"), []string{"role cy observer>responder: changed in PagerDuty to observer; policies give responder :3"}},
		{"raised by hand", nil, 1, team("cy", "manager"), []string{"role cy manager>responder: changed in PagerDuty to manager; policies give responder :3"}},
		{"granted", nil, 1, policy("user:di@acme.com team:Search responder"), []string{"grant di none>responder: rule policies/access.rego:4 gives responder :4"}},
		{"granted for a while", nil, 1, policy("user:di@acme.com team:Search responder until 9"),
			[]string{"grant di none>responder: granted until 2026-03-16 21:00 UTC :4 until 21:00"}},
		{"granted from a date on", []string{"user:di@acme.com team:Search responder from 2"}, 3, nil,
			[]string{"grant di none>responder: granted from 2026-03-16 14:00 UTC :4"}},
		{"granted between dates", []string{"user:di@acme.com team:Search responder from 2 until 9"}, 3, nil,
			[]string{"grant di none>responder: granted from 2026-03-16 14:00 UTC until 2026-03-16 21:00 UTC :4 until 21:00"}},
		{"granted by another policy between dates", nil, 3, policy("user:di@acme.com team:Search responder from 2 until 9"),
			[]string{"grant di none>responder: granted until 2026-03-16 21:00 UTC :4 until 21:00"}},
		{"less is granted for a while", nil, 1, policy("user:di@acme.com team:Payments responder until 9", "user:ann@acme.com account limited_user until 9"),
			[]string{"grant di none>responder: granted until 2026-03-16 21:00 UTC :4 until 21:00", "role ann user>limited_user: rule policies/access.rego:5 gives limited_user :5 until 21:00"}},
		{"no longer granted", []string{"user:di@acme.com team:Search responder"}, 1, policy(), []string{"revoke di responder>none: no rule gives it :3"}},
		{"an end that passed", []string{"user:di@acme.com team:Search responder until 2"}, 3, nil,
			[]string{"revoke di responder>none: the grant ended 2026-03-16 14:00 UTC :3 :4"}},
		{"on call", nil, 1, policy("oncall:Primary team:Search manager"), []string{"grant ann none>manager: on call until 2026-03-16 16:00 UTC :4 until 16:00"}},
		{"a handoff", []string{"oncall:Primary team:Search manager"}, 5, nil,
			[]string{"grant bob none>manager: on call until 2026-03-17 16:00 UTC :4 until 16:00", "revoke ann manager>none: the shift ended :3 :4"}},
		{"a shift that nobody takes over", []string{"oncall:Primary team:Search manager"}, 2,
			func(in *diff.Input) {
				shifts(in.Snapshot, inventory.Shift{User: "ann", Start: At(-4), End: At(1)})
			},
			[]string{"revoke ann manager>none: what it followed from changed in PagerDuty :3 :4"}},
		{"limited", nil, 1, func(in *diff.Input) {
			policy("user:di@acme.com team:Search manager until 9")(in)
			underLimits(in.Statements, "di team:Search observer")
		}, []string{"grant di none>observer: limited to observer: contractor :4 until 21:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := settled(t, c.hours, everybody(c.first...))
			if c.then != nil {
				c.then(&in)
			}
			sameLines(t, "the plan says", said(MustMake(t, in).Plan), c.want)
		})
	}
}

// What ended in an earlier round, which could not take it away, has no moment any more.
func TestAnEndThatAnEarlierRoundSawIsSaidWithoutItsMoment(t *testing.T) {
	in := settled(t, 3, everybody("user:di@acme.com team:Search responder until 2"))
	round := diff.RoundOf(MustMake(t, in), in.Statements, in.Snapshot, nil)
	in.Memory.Last = &round
	sameLines(t, "the plan says", said(MustMake(t, in).Plan), []string{"revoke di responder>none: the grant has ended :3 :4"})
}

// The way back from a raise names its end where that is known, by whichever record.
func TestS4_TheWayBackFromARaiseSaysWhenItEnded(t *testing.T) {
	ann := desired.Pair{User: "ann", Resource: inventory.AccountRef}
	raised := func(last plan.RoundPair, ends map[desired.Pair]plan.Ending) diff.Input {
		s := Account()
		e := inventory.NewEdit(s)
		e.SetBaseRole("ann", "admin")
		in := Input(e.Snapshot(), everybody())
		in.Memory.Raised, in.Memory.Ends = map[desired.Pair]string{ann: "user"}, ends
		last.Pair, last.Actual = ann, "admin"
		in.Memory.Last = &plan.Round{At: At(-1), Revision: "r1", Pairs: []plan.RoundPair{last}}
		return in
	}
	until := func(hours float64, role string) map[desired.Pair]plan.Ending {
		return map[desired.Pair]plan.Ending{ann: {Role: role, Until: At(hours), Cause: plan.CauseExpiry}}
	}
	window := desired.Window{Until: At(-0.5), UntilKind: desired.BoundDate}
	for _, c := range []struct {
		name string
		in   diff.Input
		want []string
	}{
		{"by the last round", raised(plan.RoundPair{Desired: "admin", Window: window}, nil),
			[]string{"role ann admin>user: back to what it was before the raise that ended 2026-03-16 11:30 UTC"}},
		{"by the raise itself", raised(plan.RoundPair{Desired: inventory.None}, until(-2, "admin")),
			[]string{"role ann admin>user: back to what it was before the raise that ended 2026-03-16 10:00 UTC"}},
		{"by both, the last round", raised(plan.RoundPair{Desired: "admin", Window: window}, until(-2, "admin")),
			[]string{"role ann admin>user: back to what it was before the raise that ended 2026-03-16 11:30 UTC"}},
		{"by neither, since it is due", raised(plan.RoundPair{Desired: inventory.None, Pending: plan.CauseExpiry}, nil),
			[]string{"role ann admin>user: back to what it was before it was raised"}},
		{"a raise to another role is another's", raised(plan.RoundPair{Desired: inventory.None}, until(-2, "user")), nil},
		{"a raise without an end stays", raised(plan.RoundPair{Desired: "admin"}, nil), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := MustMake(t, c.in).Plan
			sameLines(t, "the plan says", said(p), c.want)
			if c.want == nil && !hasFinding(p, "dutyward.stays-raised") {
				t.Errorf("findings %+v, want one of a raise that stays", p.Findings)
			}
		})
	}
}
