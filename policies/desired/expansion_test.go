package desired_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

var noon = time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)

func at(hours float64) time.Time { return noon.Add(time.Duration(hours * float64(time.Hour))) }

func ptr[T any](v T) *T { return &v }

// account has ann, bob, cy and di; teams Payments (ann, bob) and Search (cy);
// schedule Primary, ann from 8 to 16, bob from 16 to 24; escalation policy
// Payments, level 1 Primary, level 2 cy.
func account() *inventory.Snapshot {
	s := &inventory.Snapshot{
		Account: inventory.Account{TakenAt: noon, Complete: true, Window: inventory.Window{Since: at(-180), Until: at(800)}},
		Now:     noon, Users: map[string]inventory.User{},
		Teams: map[string]inventory.Team{
			"PAY": {ID: "PAY", Name: "Payments", Members: map[string]string{"ann": "manager", "bob": "responder"}},
			"SEA": {ID: "SEA", Name: "Search", Members: map[string]string{"cy": "responder"}},
		},
		Schedules: map[string]inventory.Schedule{"PRI": {
			ID: "PRI", Name: "Primary", Kind: inventory.ScheduleOfLayers, EscalationPolicies: []string{"EP"},
			Layers: []inventory.Layer{{ID: "L", Name: "Day", Users: []string{"ann", "bob"}}},
			Shifts: []inventory.Shift{{User: "ann", Start: at(-4), End: at(4)}, {User: "bob", Start: at(4), End: at(12)}},
		}},
		EscalationPolicies: map[string]inventory.EscalationPolicy{"EP": {ID: "EP", Name: "Payments", Rules: []inventory.EscalationRule{
			{Targets: []inventory.Target{{Type: "schedule", ID: "PRI"}}},
			{Targets: []inventory.Target{{Type: "user", ID: "cy"}}},
		}}},
		OnCalls: []inventory.OnCall{
			{User: "ann", Schedule: ptr("PRI"), EscalationPolicy: "EP", Level: 1, Start: ptr(at(-4)), End: ptr(at(4))},
			{User: "cy", EscalationPolicy: "EP", Level: 2},
		},
	}
	for _, id := range []string{"ann", "bob", "cy", "di"} {
		s.Users[id] = inventory.User{ID: id, Name: strings.ToUpper(id), Email: id + "@acme.com", BaseRole: "limited_user"}
	}
	s.Normalize()
	return s
}

func ref(text string) inventory.Ref {
	r, err := inventory.ParseRef(text)
	if err != nil {
		panic(err)
	}
	return r
}

func origin(line int) []policies.Origin {
	return []policies.Origin{{File: "p.rego", Line: line, Package: "access"}}
}

func grant(principal, resource, role string) policies.Grant {
	return policies.Grant{Principal: ref(principal), Resource: ref(resource), Role: role, Origins: origin(1)}
}

// groups makes statements of lines "group principal", declaring every group.
func groups(lines ...string) *policies.Statements {
	st := &policies.Statements{}
	for i, line := range lines {
		group, principal, _ := strings.Cut(line, " ")
		if !slices.ContainsFunc(st.Groups, func(g policies.Group) bool { return g.Name == group }) {
			st.Groups = append(st.Groups, policies.Group{Name: group, Origins: origin(100 + i)})
		}
		if principal != "" {
			st.Members = append(st.Members, policies.Member{Group: group, Principal: ref(principal), Origins: origin(200 + i)})
		}
	}
	return st
}

func access(st *policies.Statements, pinned map[string]string, t time.Time) *desired.Access {
	return desired.Expand(desired.Input{Snapshot: account(), Statements: st, Pinned: pinned}).At(t)
}

// memberLines are a group's members with their chains.
func memberLines(g desired.Group) []string {
	var out []string
	for user, m := range g.Members {
		for _, c := range m.Chains {
			out = append(out, user+" "+strings.Join(c, " → "))
		}
	}
	slices.Sort(out)
	return out
}

func TestGroupsHoldWhomTheirPrincipalsStandFor(t *testing.T) {
	cases := []struct {
		principal string
		hours     float64
		want      []string
	}{
		{"user:ANN@acme.com", 0, []string{"ann "}},
		{"user:#di", 0, []string{"di "}},
		{"team:Payments", 0, []string{"ann team:Payments", "bob team:Payments"}},
		{"oncall:Primary", 0, []string{"ann oncall:Primary"}},
		{"oncall:Primary", 4, []string{"bob oncall:Primary"}},
		{"oncall:Primary", 12, nil},
		{"oncall:#PRI", 0, []string{"ann oncall:Primary"}},
		{"rotation:Primary", 0, []string{"ann rotation:Primary", "bob rotation:Primary"}},
		{"escalation:Payments", 0, []string{"ann escalation:Payments → oncall:Primary", "cy escalation:Payments"}},
		{"escalation@1:Payments", 5, []string{"bob escalation@1:Payments → oncall:Primary"}},
		{"escalation@2:Payments", 5, []string{"cy escalation@2:Payments"}},
		{"escalation@3:Payments", 0, nil},
		{"user:nobody@acme.com", 0, nil},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s at %gh", c.principal, c.hours), func(t *testing.T) {
			a := access(groups("g "+c.principal), nil, at(c.hours))
			if diff := cmp.Diff(c.want, memberLines(a.Groups["g"])); diff != "" {
				t.Errorf("members differ (-want +got):\n%s", diff)
			}
			if len(a.Errors) > 0 {
				t.Errorf("errors %v", a.Errors)
			}
		})
	}
}

func TestGroupsNestToAnyDepthWithEveryChain(t *testing.T) {
	a := access(groups("all group:left", "all group:right", "left group:core", "right group:core", "core user:di@acme.com"), nil, noon)
	want := []string{"di group:left → group:core", "di group:right → group:core"}
	if diff := cmp.Diff(want, memberLines(a.Groups["all"])); diff != "" {
		t.Errorf("members differ (-want +got):\n%s", diff)
	}
}

func TestDiamondsOfManyLevelsStaySmall(t *testing.T) {
	var ls []string
	for i := range 40 {
		ls = append(ls, fmt.Sprintf("l%d group:a%d", i, i), fmt.Sprintf("l%d group:b%d", i, i),
			fmt.Sprintf("a%d group:l%d", i, i+1), fmt.Sprintf("b%d group:l%d", i, i+1))
	}
	a := access(groups(append(ls, "l40 user:di@acme.com")...), nil, noon)
	if n := len(a.Groups["l0"].Members["di"].Chains); n < 2 || n > 8 {
		t.Errorf("%d chains, want a few of the 2^40", n)
	}
}

func TestACycleIsAnErrorWithItsPathAndSuspendsLowering(t *testing.T) {
	st := groups("a group:b", "b group:c", "c group:a", "other user:di@acme.com")
	st.Grants = []policies.Grant{grant("group:a", "team:Payments", "manager")}
	a := access(st, nil, noon)
	if len(a.Suspends) != 1 || a.Suspends[0].Message != "groups nest in a circle: a → b → c → a" {
		t.Errorf("suspends %q", desired.Messages(a.Suspends))
	}
	if a.UnknownReason(desired.Pair{User: "ann", Resource: ref("team:#PAY")}) == "" {
		t.Error("what the circle reaches must be unknown")
	}
	if len(a.Groups["other"].Members) != 1 {
		t.Error("a group outside the circle must still expand")
	}
}

func TestAMemberOfAnUndeclaredGroupSuspendsLowering(t *testing.T) {
	st := groups("payments-oncall user:di@acme.com")
	st.Members = append(st.Members, policies.Member{Group: "payment-oncall", Principal: ref("user:ann@acme.com"), Origins: origin(7)})
	a := access(st, nil, noon)
	if len(a.Suspends) != 1 || !strings.Contains(a.Suspends[0].Message, `did you mean "payments-oncall"?`) {
		t.Errorf("suspends %q", desired.Messages(a.Suspends))
	}
}

func TestS10_ASharedNameIsAnErrorThatListsTheIDsAndUnknown(t *testing.T) {
	s := account()
	s.Teams["TWO"] = inventory.Team{ID: "TWO", Name: "Payments", Members: map[string]string{}}
	st := &policies.Statements{Grants: []policies.Grant{grant("user:di@acme.com", "team:Payments", "manager")}}
	a := desired.Expand(desired.Input{Snapshot: s, Statements: st}).At(noon)
	if len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, "#PAY, #TWO") {
		t.Errorf("errors %v, want the two ids", a.Errors)
	}
	for _, id := range []string{"PAY", "TWO"} {
		if a.UnknownReason(desired.Pair{User: "ann", Resource: inventory.ByID(inventory.KindTeam, id)}) == "" {
			t.Errorf("team #%s must be unknown", id)
		}
	}
	if len(a.Named) != 0 {
		t.Errorf("named %v, want nothing", a.Named)
	}
}

func TestWhatCouldNotBeReadIsNotSaidNotToExist(t *testing.T) {
	for list, named := range map[string]string{"teams": "team:Gone", "shift-based schedules": "oncall:Gone", "escalation policies": "escalation:Gone"} {
		st := groups()
		st.Grants = []policies.Grant{grant(named, "account", "user")}
		if named == "team:Gone" {
			st.Grants = []policies.Grant{grant("user:ann@acme.com", named, "responder")}
		}
		in := desired.Input{Snapshot: account(), Statements: st}
		in.Snapshot.Account.Complete = false
		in.Snapshot.Account.Missing = []inventory.Missing{{What: list, Reason: "500"}}
		errs := desired.Expand(in).At(noon).Errors
		if len(errs) != 1 || !strings.Contains(errs[0].Message, list+" could not be read completely") {
			t.Errorf("%s: errors %v", list, errs)
		}
	}
}

func TestS11_ANameThatMeansAnotherThingIsUnknownUntilConfirmed(t *testing.T) {
	st := &policies.Statements{Grants: []policies.Grant{grant("user:di@acme.com", "team:Payments", "manager")}}
	first := access(st, nil, noon)
	if first.Pinned()["team:Payments"] != "PAY" {
		t.Fatalf("pinned %v, want team:Payments remembered as PAY", first.Pinned())
	}
	for name, c := range map[string]struct {
		pinned map[string]string
		want   string
	}{
		"the name moved to another team": {map[string]string{"team:Payments": "SEA"}, "was #SEA and is now #PAY"},
		"the same team":                  {map[string]string{"team:Payments": "PAY"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := access(st, c.pinned, noon)
			got := a.UnknownReason(desired.Pair{User: "di", Resource: ref("team:#PAY")})
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("unknown %q, want %q in it", got, c.want)
			}
		})
	}
}

func TestS11_ARenamedTeamIsLeftAloneAndSaid(t *testing.T) {
	st := &policies.Statements{Grants: []policies.Grant{grant("user:di@acme.com", "team:Billing", "manager")}}
	a := access(st, map[string]string{"team:Billing": "PAY"}, noon)
	if len(a.Named) != 0 || len(a.Errors) != 1 || !strings.Contains(a.Errors[0].Message, "is now team:Payments") {
		t.Errorf("named %v, errors %v", a.Named, a.Errors)
	}
}

func TestS12_AMissingPersonIsAbsentAndARenamedOneUnknown(t *testing.T) {
	st := &policies.Statements{Grants: []policies.Grant{grant("user:new@acme.com", "team:Search", "manager"), grant("user:anna@acme.com", "team:Search", "manager")}}
	a := access(st, map[string]string{"user:anna@acme.com": "ann"}, noon)
	if len(a.Absent) != 1 || a.Absent[0].Email != "new@acme.com" {
		t.Errorf("absent %v, want new@acme.com", a.Absent)
	}
	for _, resource := range []string{"account", "team:#PAY", "team:#SEA"} {
		if a.UnknownReason(desired.Pair{User: "ann", Resource: ref(resource)}) == "" {
			t.Errorf("ann, whose e-mail address changed, must be unknown on %s", resource)
		}
	}
	if a.UnknownReason(desired.Pair{User: "bob", Resource: ref("team:#SEA")}) != "" {
		t.Error("bob must be known")
	}
}

func TestS12_AnUnresolvedPrincipalMakesWhatItReachesUnknown(t *testing.T) {
	for _, principal := range []string{"oncall:Primry", "escalation:Nope", "rotation:Nope", "team:Nope", "group:nope"} {
		t.Run(principal, func(t *testing.T) {
			st := groups("inner "+principal, "outer group:inner")
			st.Grants = []policies.Grant{grant("group:outer", "team:Payments", "manager"), grant("user:di@acme.com", "team:Search", "manager")}
			a := access(st, nil, noon)
			if a.UnknownReason(desired.Pair{User: "ann", Resource: ref("team:#PAY")}) == "" {
				t.Error("what the principal reaches must be unknown")
			}
			if a.UnknownReason(desired.Pair{User: "ann", Resource: ref("team:#SEA")}) != "" {
				t.Error("what it does not reach must be known")
			}
			if len(a.Errors) == 0 {
				t.Error("it must be an error as well")
			}
		})
	}
}

func TestS12_ARuleThatLooksUpAMissingTeamSuspendsLowering(t *testing.T) {
	look := func(name, pkg string) *desired.Access {
		return desired.Expand(desired.Input{Snapshot: account(), Statements: &policies.Statements{}, References: []policies.Reference{
			{Ref: ref(name), Origin: policies.Origin{File: "p.rego", Line: 3, Package: pkg}},
		}}).At(noon)
	}
	for _, c := range []struct {
		name, pkg          string
		suspends, warnings int
	}{
		{"team:Payments", "access.x", 0, 0},
		{"team:Paymnets", "access.x", 1, 0},
		{"user:nobody@acme.com", "access", 0, 1},
		{"team:Paymnets", "risk.x", 0, 1},
	} {
		if a := look(c.name, c.pkg); len(a.Suspends) != c.suspends || len(a.Warnings) != c.warnings {
			t.Errorf("%s in %s: suspends %q, warnings %v", c.name, c.pkg, desired.Messages(a.Suspends), a.Warnings)
		}
	}
}

func TestS12_AnUnresolvedLimitMakesThePairsItCouldStopUnknown(t *testing.T) {
	pay, sea := ref("team:#PAY"), ref("team:#SEA")
	limit := func(principal, resource string) *policies.Statements {
		st := groups("contractors user:di@acme.com")
		st.Limits = []policies.Limit{{Principal: ref(principal), Resource: ref(resource), AtMost: "none", Origins: origin(3)}}
		return st
	}
	known := func(st *policies.Statements, user string, r inventory.Ref) bool {
		return access(st, nil, noon).UnknownReason(desired.Pair{User: user, Resource: r}) == ""
	}
	if st := limit("group:nope", "team:Payments"); known(st, "ann", pay) || !known(st, "ann", sea) {
		t.Error("an unresolved principal: everybody on that resource, and no other")
	}
	if st := limit("group:contractors", "team:Nope"); known(st, "di", pay) || known(st, "di", sea) || !known(st, "ann", pay) {
		t.Error("an unresolved resource: the limited people on every team, and nobody else")
	}
	if st := limit("user:nobody@acme.com", "team:Payments"); !known(st, "ann", pay) || len(access(st, nil, noon).Warnings) != 1 {
		t.Error("an absent person: nobody is limited, with a warning")
	}
}

func TestS19_WindowsIntersectAlongAChainAndUniteAcrossChains(t *testing.T) {
	st := groups("g", "h")
	st.Members = []policies.Member{
		{Group: "g", Principal: ref("group:h"), From: ptr(at(1)), Until: ptr(at(6)), Origins: origin(1)},
		{Group: "h", Principal: ref("user:di@acme.com"), Until: ptr(at(4)), Origins: origin(2)},
		{Group: "g", Principal: ref("user:di@acme.com"), From: ptr(at(3)), Until: ptr(at(8)), Origins: origin(3)},
	}
	st.Grants = []policies.Grant{grant("group:g", "team:Search", "manager")}
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	pair := desired.Pair{User: "di", Resource: ref("team:#SEA")}
	for hours, want := range map[float64]bool{0.5: false, 1: true, 3.5: true, 7: true, 8: false} {
		if _, has := e.At(at(hours)).Grants.Get(pair); has != want {
			t.Errorf("at %gh: has %t, want %t", hours, has, want)
		}
	}
	if g := e.At(at(2)).Grant(pair); !g.Until.Equal(at(8)) {
		t.Errorf("until %v, want %v, where the chains together end", g.Until, at(8))
	}
}

func TestS19_ALimitOnAGroupActsWhileGroupsExpand(t *testing.T) {
	st := groups("inner team:Payments", "outer group:inner", "outer user:di@acme.com", "contractors user:bob@acme.com", "contractors user:di@acme.com")
	st.Limits = []policies.Limit{{Principal: ref("group:contractors"), Resource: ref("group:inner"), AtMost: "none", Reason: "r", Origins: origin(3)}}
	a := access(st, nil, noon)
	if diff := cmp.Diff([]string{"ann group:inner → team:Payments", "di "}, memberLines(a.Groups["outer"])); diff != "" {
		t.Errorf("outer (-want +got):\n%s", diff)
	}
	st.Limits[0].Resource = ref("group:*")
	a = access(st, nil, noon)
	if diff := cmp.Diff([]string{"ann group:inner → team:Payments"}, memberLines(a.Groups["outer"])); diff != "" {
		t.Errorf("outer, limited on every group (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"bob ", "di "}, memberLines(a.Groups["contractors"])); diff != "" {
		t.Errorf("the group that says whom the limit is on (-want +got):\n%s", diff)
	}
	st.Limits[0].Resource = ref("group:contractors")
	if a = access(st, nil, noon); len(a.Groups["contractors"].Members) != 0 {
		t.Errorf("limited by name, the group holds %v", a.Groups["contractors"].Members)
	}
}

// Whom a limit names is expanded without limits, and so depends on no group that
// is being limited.
func TestALimitOnAGroupWhosePrincipalHoldsThatGroupIsNoCircle(t *testing.T) {
	st := groups("staff group:temps", "staff user:ann@acme.com", "temps user:di@acme.com", "temps user:ann@acme.com")
	st.Limits = []policies.Limit{{Principal: ref("group:staff"), Resource: ref("group:temps"), AtMost: "none", Reason: "r", Origins: origin(3)}}
	a := access(st, nil, noon)
	if len(a.Suspends) > 0 || len(a.Errors) > 0 {
		t.Errorf("suspends %q, errors %v", desired.Messages(a.Suspends), a.Errors)
	}
	if diff := cmp.Diff([]string{"ann "}, memberLines(a.Groups["staff"])); diff != "" {
		t.Errorf("staff (-want +got):\n%s", diff)
	}
}

func TestS19_APermanentGrantThatSwallowsAnUntilIsAWarning(t *testing.T) {
	windowed := grant("user:di@acme.com", "team:Search", "manager")
	windowed.Until, windowed.Origins = ptr(at(9)), origin(2)
	st := &policies.Statements{Grants: []policies.Grant{grant("user:di@acme.com", "team:Search", "manager"), windowed}}
	if a := access(st, nil, noon); len(a.Warnings) != 1 || a.Warnings[0].Origin.Line != 2 {
		t.Errorf("warnings %v, want one at line 2", a.Warnings)
	}
}

func TestS21_ADisputeBetweenRenderingAndOnCallsIsUnknown(t *testing.T) {
	s := account()
	s.OnCalls[0].User = "di"
	st := groups("g oncall:Primary")
	st.Grants = []policies.Grant{grant("group:g", "team:Search", "manager")}
	a := desired.Expand(desired.Input{Snapshot: s, Statements: st}).At(noon)
	reason := a.UnknownReason(desired.Pair{User: "ann", Resource: ref("team:#SEA")})
	if want := "its final schedule says ann@acme.com, PagerDuty's on-calls say di@acme.com"; !strings.Contains(reason, want) {
		t.Errorf("reason %q, want %q in it", reason, want)
	}
}

func TestLeadAndLagWidenShifts(t *testing.T) {
	st := groups("g")
	st.Members = []policies.Member{{Group: "g", Principal: ref("oncall:Primary"), Lead: time.Hour, Lag: 30 * time.Minute, Origins: origin(1)}}
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	for hours, want := range map[float64]string{2.9: "ann", 3: "ann bob", 4.4: "ann bob", 4.5: "bob", 12.4: "bob", 12.5: ""} {
		var got []string
		for user := range e.At(at(hours)).Groups["g"].Members {
			got = append(got, user)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("at %gh: %v, want %q", hours, got, want)
		}
	}
}

func TestALevelThatAnEscalationPolicyDoesNotHaveIsAWarning(t *testing.T) {
	st := &policies.Statements{Grants: []policies.Grant{
		grant("escalation@2:Payments", "team:Payments", "manager"), grant("escalation@3:Payments", "team:Payments", "manager"),
	}}
	a := desired.Expand(desired.Input{Snapshot: account(), Statements: st}).At(noon)
	if len(a.Warnings) != 1 || a.Warnings[0].Message != "escalation@3:Payments stands for nobody: the escalation policy has 2 levels" {
		t.Errorf("warnings: %v", a.Warnings)
	}
}
