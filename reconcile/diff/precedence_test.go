package diff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS18_APlanOfSchedulesEndsWhenWhatItChangesBegins(t *testing.T) {
	handoff := Monday.AddDate(0, 0, 7)
	for name, c := range map[string]struct {
		policy *policies.Statements
		want   time.Time
	}{
		"turns change at the next handoff":                   {Rotation("ann bob cy di Weekly"), handoff},
		"an override begins":                                 {Override(Rotation("ann bob cy Weekly"), "di", "Weekly", 24, 36, ""), At(24)},
		"an override that has begun ends":                    {Override(Rotation("ann bob cy Weekly"), "di", "Weekly", -1, 36, ""), At(36)},
		"of turns and an override the first ends it":         {Override(Rotation("ann bob cy di Weekly"), "di", "Weekly", 400, 436, ""), handoff},
		"a boundary of what the plan does not touch is none": {Also(Rotation("ann bob cy di Weekly"), "user:cy@acme.com team:Search responder until 5"), handoff},
	} {
		t.Run(name, func(t *testing.T) {
			p := MustMake(t, Input(Turns(), c.policy)).Plan
			if p.Expires == nil || !p.Expires.Equal(c.want) {
				t.Errorf("expires %v, want %s", p.Expires, c.want)
			}
		})
	}
}

func TestS19_Precedence(t *testing.T) {
	resting := func(st *policies.Statements, limits ...policies.Limit) *policies.Statements {
		st.Limits = limits
		return st
	}
	off := policies.Limit{Principal: Ref("user:di@acme.com"), Resource: Ref("schedule:*"), AtMost: "none", Reason: "rests", Origins: Origin(50)}
	glass := func(st *policies.Statements, p policies.Protect) *policies.Statements {
		p.Reason, p.Origins = "break glass", Origin(51)
		st.Protects = []policies.Protect{p}
		return st
	}
	everybody := []string{"user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder", "user:cy@acme.com team:Search responder"}
	for name, c := range map[string]struct {
		policy *policies.Statements
		mode   map[inventory.Kind]plan.Mode
		want   []string
	}{
		"roles unite, and the highest wins": {
			Grants(append(everybody, "user:di@acme.com team:Search observer", "user:di@acme.com team:Search manager until 5", "user:di@acme.com team:Search responder")...), nil,
			[]string{"raise team:Search di none>manager policy"},
		},
		"a limit keeps people off turns": {
			resting(Rotation("ann bob cy di Weekly"), off), nil, nil,
		},
		"and off overrides": {
			resting(Override(Rotation("ann bob cy Weekly"), "di", "Weekly", 24, 36, ""), off), nil, nil,
		},
		"a limit takes off whoever has turns": {
			resting(Also(Rotation("ann bob di cy Weekly"), everybody...), policies.Limit{Principal: Ref("user:bob@acme.com"), Resource: Ref("schedule:Weekly"), AtMost: "none", Reason: "rests", Origins: Origin(50)}), nil,
			[]string{"raise schedule:Weekly di none>rotation policy", "lower schedule:Weekly bob rotation>none policy"},
		},
		"a protection beats a limit, and keeps who has turns": {
			glass(resting(Also(Rotation("ann bob cy Weekly"), everybody...), policies.Limit{Principal: Ref("user:bob@acme.com"), Resource: Ref("schedule:Weekly"), AtMost: "none", Reason: "rests", Origins: Origin(50)}),
				policies.Protect{Principal: Ref("user:bob@acme.com")}), nil,
			[]string{"protected schedule:Weekly bob rotation, would be none: break glass"},
		},
		"a protection of a schedule keeps others off it, too": {
			glass(Also(Override(Rotation("ann bob cy di Weekly"), "di", "Weekly", 24, 36, ""), everybody...), policies.Protect{Resource: Ref("schedule:Weekly")}), nil,
			[]string{"protected schedule:Weekly di none, would be rotation: break glass", "protected schedule:Weekly di none, would be override: break glass"},
		},
		"enforcement comes last: what is protected is not unenforced": {
			glass(Grants(append(everybody, "user:di@acme.com team:Search manager", "user:ed@acme.com team:Search manager")...), policies.Protect{Principal: Ref("user:di@acme.com")}),
			map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.Observe},
			[]string{"unenforced: raise team:Search ed none>manager policy", "protected team:Search di none, would be manager: break glass"},
		},
		"and what a limit lowers is not enforced where nothing is taken back": {
			resting(Grants(everybody...), policies.Limit{Principal: Ref("user:bob@acme.com"), Resource: Ref("team:Payments"), AtMost: "observer", Reason: "new", Origins: Origin(50)}),
			map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.GrantOnly},
			[]string{"unenforced: lower team:Payments bob responder>observer policy"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Turns(), c.policy)
			if c.mode != nil {
				in.Settings.Kinds = c.mode
			}
			p := *MustMake(t, in).Plan
			p.Extra = nil
			got := Lines(&p)
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("the plan is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestS19_AnEndWhereNothingIsTakenBackIsAWarning(t *testing.T) {
	for mode, want := range map[plan.Mode]int{plan.GrantOnly: 1, plan.Sync: 0, plan.Observe: 0} {
		in := Input(Account(), Grants("user:di@acme.com team:Search manager until 5", "user:cy@acme.com team:Search responder"))
		in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindTeam: mode}
		p := MustMake(t, in).Plan
		if len(p.Warnings) != want || want > 0 && !strings.Contains(p.Warnings[0].Message, "this grant has an end, but team:Search is in grant-only") {
			t.Errorf("in %s the warnings are %+v, want %d", mode, p.Warnings, want)
		}
	}
}
