package diff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/forecast"
	. "github.com/dutyward/dutyward/reconcile/internal/testaccount"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// A kind of access that only these tests know goes through all that a plan is made of.
// No default may take it for another.

var web = inventory.ByID(inventory.KindService, "WEB")

// crewed is the account with a service, and who is on its crew.
func crewed(crew ...string) *inventory.Snapshot {
	s := Account()
	s.Services = map[string]inventory.Service{"WEB": {ID: "WEB", Name: "Website", EscalationPolicy: "E", Teams: crew}}
	s.Normalize()
	return s
}

func onCrew(user string) desired.Pair { return desired.Pair{User: user, Resource: web} }

const annOnCrew = "user:ann@acme.com service:Website on_crew"

func TestAMadeUpKindIsPlannedAsItself(t *testing.T) {
	diff.MadeUp(t)
	r := MustMake(t, Input(crewed("bob"), Grants(annOnCrew)))
	var got []string
	for _, c := range r.Plan.Changes {
		got = append(got, string(c.Kind)+" "+c.ID)
	}
	want := []string{"service service/WEB/ann/none/on_crew", "service service/WEB/bob/on_crew/none"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("changes (-want +got):\n%s\nheld %v", d, r.Plan.Held)
	}
	if after := diff.After(r.Snapshot, r.Plan).Services["WEB"].Teams; !slices.Equal(after, []string{"ann"}) {
		t.Errorf("after the plan %v are on the crew", after)
	}
}

func TestAGrantThatNoKindIsAboutErrs(t *testing.T) {
	_, err := diff.Make(Input(crewed(), Grants(annOnCrew)))
	if err == nil || !strings.Contains(err.Error(), "no kind of access for service") {
		t.Errorf("err %v", err)
	}
}

func TestS9_AMadeUpKindIsSeenThroughRecentWrites(t *testing.T) {
	diff.MadeUp(t)
	in := Input(crewed(), Grants(annOnCrew))
	in.Memory.Overlay = []plan.Write{{Pair: onCrew("ann"), Before: inventory.None, Role: diff.OnCrew, At: in.Now}}
	if p := MustMake(t, in).Plan; len(p.Changes) != 0 {
		t.Errorf("written again: %v", p.Changes)
	}
	in.Snapshot = crewed("ann", "bob")
	in.Memory.Overlay = []plan.Write{{Pair: onCrew("bob"), Before: diff.OnCrew, Role: inventory.None, At: in.Now}}
	if p := MustMake(t, in).Plan; len(p.Changes) != 0 {
		t.Errorf("written again: %v", p.Changes)
	}
}

func TestS26_ManyOfAMadeUpKindAreHeld(t *testing.T) {
	diff.MadeUp(t)
	p := MustMake(t, Input(crewed("bob", "cy", "di", "ed", "own", "adm", "stk"), Grants(annOnCrew))).Plan
	if len(p.Held) != 7 {
		t.Errorf("%d held, changes %v", len(p.Held), p.Changes)
	}
}

func TestS3_TheLastOfAMadeUpKindRemain(t *testing.T) {
	diff.MadeUp(t)
	st := Grants("group:crew service:Website on_crew")
	st.Groups = []policies.Group{{Name: "crew", Origins: Origin(9)}}
	in := Input(crewed("bob"), st)
	p := MustMake(t, in).Plan
	if len(p.Changes) != 0 || len(p.Held) != 1 || p.Held[0].Code != plan.HoldEmptying {
		t.Errorf("changes %v, held %v", p.Changes, p.Held)
	}
}

func TestS3_AMadeUpKindIsRevertedByItsOwnMembers(t *testing.T) {
	diff.MadeUp(t)
	r := MustMake(t, Input(crewed("ann", "bob"), Grants(annOnCrew, "user:bob@acme.com service:Website on_crew")))
	made := []plan.Change{{ID: "service/WEB/bob/none/on_crew", Kind: diff.Crew, User: "bob", Resource: web, Before: inventory.None, After: diff.OnCrew, Action: plan.ActionGrant}}
	v := r.Revert(made)
	if len(v.Plan.Changes) != 1 || len(v.Plan.Held) != 0 {
		t.Errorf("changes %v, held %v, left %v", v.Plan.Changes, v.Plan.Held, v.Left)
	}
	made = append(made, plan.Change{ID: "service/WEB/ann/none/on_crew", Kind: diff.Crew, User: "ann", Resource: web, Before: inventory.None, After: diff.OnCrew, Action: plan.ActionGrant})
	if v = r.Revert(made); len(v.Plan.Changes) != 0 || len(v.Plan.Held) != 2 {
		t.Errorf("changes %v, held %v, left %v", v.Plan.Changes, v.Plan.Held, v.Left)
	}
}

func TestARoundRemembersAMadeUpKind(t *testing.T) {
	diff.MadeUp(t)
	in := Input(crewed("ann", "bob"), Grants(annOnCrew))
	r := MustMake(t, in)
	round := diff.RoundOf(r, in.Statements, crewed("ann"), map[string]bool{"service/WEB/bob/on_crew/none": true})
	held := map[string]string{}
	for _, p := range round.Pairs {
		if p.Resource == web {
			held[p.User] = p.Actual
		}
	}
	if d := cmp.Diff(map[string]string{"ann": diff.OnCrew, "bob": inventory.None}, held); d != "" {
		t.Errorf("remembered (-want +got):\n%s", d)
	}
}

func TestALimitOnAMadeUpKindIsRemembered(t *testing.T) {
	diff.MadeUp(t)
	in := Input(crewed("ann"), Grants("user:cy@acme.com team:Search responder"))
	in.Statements.Limits = []policies.Limit{{Principal: Ref("user:ann@acme.com"), Resource: Ref("service:Website"), AtMost: inventory.None, Origins: Origin(9)}}
	r := MustMake(t, in)
	round := diff.RoundOf(r, in.Statements, r.Snapshot, nil)
	if !slices.ContainsFunc(round.Pairs, func(p plan.RoundPair) bool { return p.Pair == onCrew("ann") && p.Actual == diff.OnCrew }) {
		t.Errorf("pairs %v", round.Pairs)
	}
}

func TestAForecastSeesAMadeUpKind(t *testing.T) {
	diff.MadeUp(t)
	in := Input(crewed("cy"), Grants(annOnCrew+" from 2 until 5", "user:cy@acme.com service:Website on_crew"))
	f, err := forecast.Foresee(in, At(24))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Mon 16 14:00 service:Website ann none>on_crew expiry", "Mon 16 17:00 service:Website ann on_crew>none expiry"}
	if d := cmp.Diff(want, Steps(f)); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
}

func TestAReportNamesAMadeUpKindAsItsResource(t *testing.T) {
	diff.MadeUp(t)
	r := MustMake(t, Input(crewed(), Grants(annOnCrew)))
	st := report.NewStandings(r.Snapshot, r.Access, r.Plan).Of(onCrew("ann"))
	if st.Name != "service:Website" || st.Asked != diff.OnCrew || st.Status != report.StatusPlanned {
		t.Errorf("%+v", st)
	}
}

// PagerDuty may come to have roles that this program has not heard of.
func TestS13_TakingARoleThatNobodyKnowsIsALowering(t *testing.T) {
	s := Account()
	Put(s, "PAY", "bob", "supervisor")
	for name, grants := range map[string][]string{
		"taken":   {"user:ann@acme.com team:Payments manager"},
		"changed": {"user:ann@acme.com team:Payments manager", "user:bob@acme.com team:Payments responder"},
	} {
		p := MustMake(t, Input(s, Grants(grants...))).Plan
		if len(p.Changes) != 1 || p.Changes[0].Effect != plan.Lower {
			t.Errorf("%s: %+v", name, p.Changes)
		}
	}
}

func TestAPlanIsNarrowedToAMadeUpKind(t *testing.T) {
	diff.MadeUp(t)
	in := Input(crewed(), Grants(annOnCrew, "user:cy@acme.com team:Payments responder"))
	in.Settings.Targets = []string{"service:Website"}
	p := MustMake(t, in).Plan
	if len(p.Changes) != 1 || p.Changes[0].Resource != web {
		t.Errorf("changes %v", p.Changes)
	}
}
