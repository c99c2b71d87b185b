package diff_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/forecast"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// underLimits adds limits, each "bob schedule:Weekly none" or with any principal.
func underLimits(st *policies.Statements, lines ...string) *policies.Statements {
	for i, line := range lines {
		f := strings.Fields(line)
		if !strings.Contains(f[0], ":") {
			f[0] = "user:" + f[0] + "@acme.com"
		}
		st.Limits = append(st.Limits, policies.Limit{
			Principal: Ref(f[0]), Resource: Ref(f[1]), AtMost: f[2], Reason: "contractor", Origins: Origin(80 + i),
		})
	}
	return st
}

// beyond are the findings of a rule: "user resource".
func beyond(p *plan.Plan, rule string) []string {
	var out []string
	for _, f := range p.Findings {
		if f.Rule == rule {
			out = append(out, p.Names[f.Subject.String()]+" "+cmpOr(p.Names[f.Resource.String()], f.Resource.String()))
		}
	}
	return out
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func sameLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// elsewhere is a policy that names nothing that limits are about.
func elsewhere() *policies.Statements { return Grants("user:cy@acme.com team:Search responder") }

func TestS38_WhatIsBeyondALimitIsAFindingAndLoweredThoughNoGrantNamesIt(t *testing.T) {
	for name, c := range map[string]struct {
		policy   *policies.Statements
		account  func(*inventory.Snapshot)
		mode     map[inventory.Kind]plan.Mode
		want     []string
		findings []string
	}{
		"a member of a team is taken off it, and nobody else": {
			policy:   underLimits(elsewhere(), "bob team:Payments none"),
			want:     []string{"lower team:Payments bob responder>none policy"},
			findings: []string{"bob@acme.com team:Payments"},
		},
		"on every team": {
			policy:   underLimits(elsewhere(), "bob team:* none"),
			want:     []string{"lower team:Payments bob responder>none policy"},
			findings: []string{"bob@acme.com team:Payments"},
		},
		"down to the limit": {
			policy:   underLimits(elsewhere(), "bob team:* observer"),
			want:     []string{"lower team:Payments bob responder>observer policy"},
			findings: []string{"bob@acme.com team:Payments"},
		},
		"the lowest of several limits": {
			policy:   underLimits(elsewhere(), "bob team:* responder", "bob team:Payments observer", "bob team:* none"),
			want:     []string{"lower team:Payments bob responder>none policy"},
			findings: []string{"bob@acme.com team:Payments"},
		},
		"what a limit allows stays": {
			policy: underLimits(elsewhere(), "bob team:* responder"),
		},
		"a base role": {
			policy:   underLimits(elsewhere(), "adm account user"),
			want:     []string{"lower account adm admin>user policy"},
			findings: []string{"adm@acme.com account"},
		},
		"a base role though others have grants of one": {
			policy:   underLimits(Grants("user:ann@acme.com account user"), "adm account limited_user"),
			want:     []string{"lower account adm admin>limited_user policy"},
			findings: []string{"adm@acme.com account"},
		},
		"the owner": {
			policy:   underLimits(elsewhere(), "own account user"),
			want:     []string{"blocked: lower account own owner>user policy: the account owner's role can't be changed through PagerDuty's API"},
			findings: []string{"own@acme.com account"},
		},
		"nobody is removed from the account": {
			policy:   underLimits(elsewhere(), "di account none"),
			want:     []string{"blocked: lower account di limited_user>none policy: nobody is removed from the account for lack of a role (S4)"},
			findings: []string{"di@acme.com account"},
		},
		"who may go on is protected": {
			policy: func() *policies.Statements {
				st := underLimits(elsewhere(), "bob team:* none")
				st.Protects = []policies.Protect{{Principal: Ref("user:bob@acme.com"), Reason: "break glass", Origins: Origin(51)}}
				return st
			}(),
			want:     []string{"protected team:Payments bob responder, would be none: break glass"},
			findings: []string{"bob@acme.com team:Payments"},
		},
		"where nothing is taken back": {
			policy:   underLimits(elsewhere(), "bob team:* none"),
			mode:     map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.GrantOnly},
			want:     []string{"unenforced: lower team:Payments bob responder>none policy"},
			findings: []string{"bob@acme.com team:Payments"},
		},
		"where it is not enforced": {
			policy:   underLimits(elsewhere(), "bob team:* none"),
			mode:     map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.Observe},
			want:     []string{"unenforced: lower team:Payments bob responder>none policy"},
			findings: []string{"bob@acme.com team:Payments"},
		},
		"turns": {
			policy:   underLimits(elsewhere(), "bob schedule:Weekly none"),
			want:     []string{"held S23: lower schedule:Weekly bob rotation>none policy"},
			findings: []string{"bob@acme.com schedule:Weekly"},
		},
		"turns that move nobody else's next one": {
			policy:   underLimits(elsewhere(), "cy schedule:Weekly none"),
			want:     []string{"lower schedule:Weekly cy rotation>none policy"},
			findings: []string{"cy@acme.com schedule:Weekly"},
		},
		"turns on every schedule": {
			policy: underLimits(elsewhere(), "bob schedule:* none"),
			want: []string{
				"held S23: lower schedule:Follow bob rotation>none policy", "held S23: lower schedule:Weekly bob rotation>none policy",
			},
			findings: []string{"bob@acme.com schedule:Follow", "bob@acme.com schedule:Primary", "bob@acme.com schedule:Weekly"},
		},
		"other people's overrides stay theirs": {
			policy: underLimits(elsewhere(), "di schedule:* none"),
			account: func(s *inventory.Snapshot) {
				w := s.Schedules["WEE"]
				w.Overrides = []inventory.Override{{ID: "OV", User: Ptr("di"), Start: At(24), End: At(36)}}
				s.Schedules["WEE"] = w
			},
			findings: []string{"di@acme.com schedule:Weekly"},
		},
		"whom PagerDuty puts on the team stays there": {
			policy: underLimits(elsewhere(), "di team:* none"),
			account: func(s *inventory.Snapshot) {
				s.EscalationPolicies = map[string]inventory.EscalationPolicy{"E1": {
					ID: "E1", Name: "Esc", Teams: []string{"PAY"}, Rules: []inventory.EscalationRule{{Targets: []inventory.Target{{Type: "user", ID: "di"}}}},
				}}
				Put(s, "PAY", "di", "responder")
			},
			want:     []string{"implied team:Payments di responder: on escalation policy Esc of this team"},
			findings: []string{"di@acme.com team:Payments"},
		},
		"and is lowered there": {
			policy: underLimits(elsewhere(), "di team:* observer"),
			account: func(s *inventory.Snapshot) {
				s.EscalationPolicies = map[string]inventory.EscalationPolicy{"E1": {
					ID: "E1", Name: "Esc", Teams: []string{"PAY"}, Rules: []inventory.EscalationRule{{Targets: []inventory.Target{{Type: "user", ID: "di"}}}},
				}}
				Put(s, "PAY", "di", "responder")
			},
			want:     []string{"lower team:Payments di responder>observer policy"},
			findings: []string{"di@acme.com team:Payments"},
		},
		"a team loses nobody but them, and never the last": {
			policy: underLimits(Grants("user:ann@acme.com account user"), "cy team:Search none"),
			account: func(s *inventory.Snapshot) {
				s.Teams["SEA"] = inventory.Team{ID: "SEA", Name: "Search", Members: map[string]string{"cy": "responder"}}
			},
			want:     []string{"held S3: lower team:Search cy responder>none policy"},
			findings: []string{"cy@acme.com team:Search"},
		},
		"whom a limit may be on is unknown": {
			policy: underLimits(elsewhere(), "bob team:* none", "team:Nothing team:* none"),
			want:   nil, findings: []string{"bob@acme.com team:Payments"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := Turns()
			if c.account != nil {
				c.account(s)
			}
			in := Input(s, c.policy)
			if c.mode != nil {
				in.Settings.Kinds = c.mode
			}
			p := *MustMake(t, in).Plan
			p.Extra, p.Unknown = nil, nil
			sameLines(t, "the plan is", withoutMore(Lines(&p)), c.want)
			sameLines(t, "beyond a limit are", beyond(&p, "dutyward.beyond-limit"), c.findings)
		})
	}
}

// withoutMore are lines without unassigned people and findings.
func withoutMore(all []string) []string {
	var out []string
	for _, l := range all {
		if !strings.HasPrefix(l, "unassigned") && !strings.HasPrefix(l, "finding") {
			out = append(out, l)
		}
	}
	return out
}

func TestS38_ANewLimitIsPolicyAndWhoeverIsPutBeyondOneIsDrift(t *testing.T) {
	in := Input(Turns(), underLimits(elsewhere(), "bob team:* none", "di team:* none"))
	in.Statements.Limits = nil
	r := MustMake(t, in)
	in = Next(r, in, 1)
	in.Previous, in.Statements, in.Revision = in.Statements, underLimits(elsewhere(), "bob team:* none", "di team:* none"), "r2"
	r = MustMake(t, in)
	sameLines(t, "a new limit", moves(r.Plan), []string{"lower team:Payments bob responder>none policy"})

	in = Next(r, in, 1)
	in.Previous = nil
	r = MustMake(t, in)
	sameLines(t, "the round after", moves(r.Plan), nil)

	in = Next(r, in, 1)
	Put(in.Snapshot, "PAY", "di", "manager")
	r = MustMake(t, in)
	sameLines(t, "put there by hand", moves(r.Plan), []string{"lower team:Payments di manager>none drift"})
}

func moves(p *plan.Plan) []string {
	var out []string
	for _, l := range Lines(p) {
		if strings.HasPrefix(l, "lower") || strings.HasPrefix(l, "raise") || strings.HasPrefix(l, "held") {
			out = append(out, l)
		}
	}
	return out
}

func TestS38_ABrokenLimitThatWaitsKeepsItsCause(t *testing.T) {
	in := Input(Turns(), underLimits(elsewhere(), "bob team:* none"))
	in.Settings.Kinds = map[inventory.Kind]plan.Mode{inventory.KindTeam: plan.Observe}
	r := MustMake(t, in)
	in = Next(r, in, 1)
	in.Settings = Sync
	sameLines(t, "once it is in sync", moves(MustMake(t, in).Plan), []string{"lower team:Payments bob responder>none policy"})
}

func TestS38_WhoWasOutOfReachBeyondALimitIsNoDriftOnceInReach(t *testing.T) {
	in := Input(Turns(), underLimits(elsewhere(), "bob team:* none"))
	e := inventory.NewEdit(in.Snapshot)
	e.SetBaseRole("bob", "admin")
	in.Snapshot = e.Snapshot()
	r := MustMake(t, in)
	sameLines(t, "as an admin", moves(r.Plan), nil)
	in = Next(r, in, 1)
	e = inventory.NewEdit(in.Snapshot)
	e.SetBaseRole("bob", "user")
	in.Snapshot = e.Snapshot()
	sameLines(t, "as a user", moves(MustMake(t, in).Plan), []string{"lower team:Payments bob responder>none policy"})
}

func TestS38_AnOverrideOfOursIsTakenBackAndTheirsIsTold(t *testing.T) {
	s := Turns()
	w := s.Schedules["WEE"]
	w.Overrides = []inventory.Override{
		{ID: "OURS", User: Ptr("di"), Start: At(24), End: At(36)}, {ID: "THEIRS", User: Ptr("ed"), Start: At(48), End: At(50)},
	}
	s.Schedules["WEE"] = w
	in := Input(s, underLimits(elsewhere(), "di schedule:Weekly none", "ed schedule:Weekly none"))
	in.Memory.Overrides = []plan.OurOverride{{Schedule: "WEE", At: At(-5), OverrideShift: plan.OverrideShift{Kind: plan.AsOverride, ID: "OURS", User: "di", Start: At(24), End: At(36)}}}
	p := MustMake(t, in).Plan
	sameLines(t, "the plan", moves(p), []string{"lower schedule:Weekly di override>none policy"})
	sameLines(t, "beyond", beyond(p, "dutyward.beyond-limit"), []string{"di@acme.com schedule:Weekly", "ed@acme.com schedule:Weekly"})
}

func TestS38_ManyAtOnceAreHeld(t *testing.T) {
	s := Turns()
	var limits []string
	for _, u := range []string{"a1", "a2", "a3", "a4", "a5", "a6"} {
		s.Users[u] = inventory.User{ID: u, Name: u, Email: u + "@acme.com", BaseRole: "user", Teams: map[string]string{"PAY": "responder"}}
		s.Teams["PAY"].Members[u] = "responder"
		limits = append(limits, u+" team:* none")
	}
	p := MustMake(t, Input(s, underLimits(elsewhere(), limits...))).Plan
	if len(p.Held) != 6 || len(p.Changes) != 0 || p.Held[0].Rule != "S26" {
		t.Errorf("held are %d, changes %d", len(p.Held), len(p.Changes))
	}
}

func TestS38_ALimitAppliesOverTime(t *testing.T) {
	in := Input(Turns(), underLimits(elsewhere(), "oncall:Weekly account user"))
	f, err := forecast.Foresee(in, At(400))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range f.Steps {
		for _, c := range step.Changes {
			t.Errorf("%s %s %s>%s", step.At, c.User, c.Before, c.After)
		}
	}
	s := Turns()
	for _, u := range []string{"ann", "bob", "cy"} {
		user := s.Users[u]
		user.BaseRole = "admin"
		s.Users[u] = user
	}
	if f, err = forecast.Foresee(Input(s, underLimits(elsewhere(), "oncall:Weekly account user")), At(400)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, step := range f.Steps {
		for _, c := range step.Changes {
			got = append(got, c.User+" "+string(c.Cause))
			if step.At.After(f.From) && c.Cause != plan.CauseHandoff {
				t.Errorf("%s is lowered at %s for %s", c.User, step.At, c.Cause)
			}
		}
	}
	if len(got) != 3 {
		t.Errorf("lowered are %v, want each once", got)
	}
}

func TestS38_ALeaverWhoIsStillThereIsAFinding(t *testing.T) {
	st := elsewhere()
	st.Leavers = []policies.Leaver{{Principal: Ref("user:bob@acme.com"), Reason: "left", Origins: Origin(60)}}
	p := MustMake(t, Input(Turns(), st)).Plan
	sameLines(t, "still there", beyond(p, "dutyward.leaver-remains"), []string{"bob@acme.com team:Payments"})
}

func TestS38_WhatANewLimitLowersWaitsUntilTheEditHeldStillAndAnOldOneDoesNot(t *testing.T) {
	for name, c := range map[string]struct {
		settled *policies.Statements
		held    int
	}{
		"a new limit": {elsewhere(), 1},
		"an old one":  {underLimits(elsewhere(), "bob team:* none"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input(Turns(), underLimits(elsewhere(), "bob team:* none"))
			in = Next(MustMake(t, Input(Turns(), elsewhere())), in, 0)
			in.Stillness = &diff.Stillness{
				Now: in.Now, Settle: time.Minute, Digest: "new", Settled: &plan.Settled{Statements: c.settled, Settings: Sync},
			}
			p := MustMake(t, in).Plan
			if len(p.Held) != c.held || len(p.Changes) != 1-c.held {
				t.Errorf("the plan is %v", moves(p))
			}
		})
	}
}
