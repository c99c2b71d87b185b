package desired_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// missLines are misses as indented lines.
func missLines(misses []desired.Miss) string {
	var b strings.Builder
	var parts func([]desired.Part, string)
	parts = func(ps []desired.Part, indent string) {
		for _, p := range ps {
			fmt.Fprintf(&b, "%s%s", indent, p.Principal)
			if p.Why != "" {
				fmt.Fprintf(&b, ": %s", p.Why)
			}
			if p.Named > 0 {
				fmt.Fprintf(&b, " (%d by name)", p.Named)
			}
			b.WriteByte('\n')
			parts(p.Parts, indent+"  ")
		}
	}
	for _, m := range misses {
		fmt.Fprintf(&b, "%s:%d %v others %d instead %v\n", m.File, m.Line, m.Roles, m.Others, m.Instead)
		parts(m.Parts, "  ")
	}
	return b.String()
}

func TestAMissSaysWhyEachWayToARoleIsNotOpen(t *testing.T) {
	cases := map[string]struct {
		statements func() *policies.Statements
		user       string
		at         time.Time
		want       string
	}{
		"the next shift of a nested group": {
			func() *policies.Statements {
				st := groups("prod group:pay", "pay oncall:Primary", "pay user:di@acme.com")
				st.Grants = []policies.Grant{grant("group:prod", "team:Payments", "manager")}
				return st
			}, "bob", noon,
			"p.rego:1 [manager] others 0 instead []\n" +
				"  group:prod: in it next from 2026-03-16 16:00 UTC\n" +
				"    group:pay: in it next from 2026-03-16 16:00 UTC (1 by name)\n" +
				"      oncall:Primary: on call next from 2026-03-16 16:00 UTC\n",
		},
		"somebody who takes no turns": {
			func() *policies.Statements {
				st := groups("pay oncall:Primary", "pay rotation:Primary", "pay team:Search", "pay escalation@1:Payments")
				st.Grants = []policies.Grant{grant("group:pay", "team:Payments", "manager")}
				return st
			}, "di", noon,
			"p.rego:1 [manager] others 0 instead []\n" +
				"  group:pay\n" +
				"    oncall:Primary: not on call there from 2026-03-09 00:00 UTC to 2026-04-18 20:00 UTC\n" +
				"    rotation:Primary: takes no turns there\n" +
				"    team:Search: not on that team\n" +
				"    escalation@1:Payments: not on call there from 2026-03-09 00:00 UTC to 2026-04-18 20:00 UTC\n",
		},
		"a rule that names others, and the person elsewhere": {
			func() *policies.Statements {
				return &policies.Statements{Grants: []policies.Grant{
					grant("user:ann@acme.com", "team:Payments", "manager"), grant("user:bob@acme.com", "team:Payments", "responder"),
					grant("user:di@acme.com", "team:Search", "observer"),
				}}
			}, "di", noon,
			"p.rego:1 [manager responder] others 2 instead [{team:Search observer}]\n",
		},
		"a time that is over": {
			func() *policies.Statements {
				g := grant("user:di@acme.com", "team:Payments", "manager")
				g.Until = ptr(at(-1))
				return &policies.Statements{Grants: []policies.Grant{g}}
			}, "di", noon,
			"p.rego:1 [manager] others 0 instead []\n  user:di@acme.com: the rule's own time for it ended 2026-03-16 11:00 UTC\n",
		},
		"the same group twice, and an empty one": {
			func() *policies.Statements {
				st := groups("pay oncall:Primary", "void")
				st.Grants = []policies.Grant{
					grant("group:pay", "team:Payments", "responder"), grant("group:pay", "team:Payments", "manager"), grant("group:void", "team:Payments", "manager"),
				}
				return st
			}, "di", noon,
			"p.rego:1 [manager responder] others 0 instead []\n" +
				"  group:pay\n" +
				"    oncall:Primary: not on call there from 2026-03-09 00:00 UTC to 2026-04-18 20:00 UTC\n" +
				"  group:void: nobody is in it\n",
		},
		"a person by name whose time is over, next to others": {
			func() *policies.Statements {
				st := groups("pay user:ann@acme.com", "pay user:di@acme.com")
				st.Members[1].From = ptr(at(3))
				st.Grants = []policies.Grant{grant("group:pay", "team:Payments", "manager")}
				return st
			}, "di", noon,
			"p.rego:1 [manager] others 0 instead []\n" +
				"  group:pay: in it next from 2026-03-16 15:00 UTC (1 by name)\n" +
				"    user:di@acme.com: the rule's own time for it begins 2026-03-16 15:00 UTC\n",
		},
		"a rule on the account is about no team": {
			func() *policies.Statements {
				g := grant("oncall:Primary", "account", "admin")
				g.Origins = origin(2)
				return &policies.Statements{Grants: []policies.Grant{g, grant("oncall:Primary", "team:Payments", "manager")}}
			}, "bob", noon,
			"p.rego:1 [manager] others 0 instead []\n  oncall:Primary: on call next from 2026-03-16 16:00 UTC\n",
		},
		"whoever was on call before": {
			func() *policies.Statements {
				return &policies.Statements{Grants: []policies.Grant{grant("oncall:Primary", "team:Payments", "manager"), grant("escalation@1:Payments", "team:Payments", "manager")}}
			}, "ann", at(5),
			"p.rego:1 [manager] others 0 instead []\n" +
				"  oncall:Primary: on call until 2026-03-16 16:00 UTC, and not again before 2026-04-18 20:00 UTC\n" +
				"  escalation@1:Payments: on call until 2026-03-16 16:00 UTC, and not again before 2026-04-18 20:00 UTC\n",
		},
		"a limit on the group": {
			func() *policies.Statements {
				st := groups("pay user:di@acme.com")
				st.Limits = []policies.Limit{{Principal: ref("user:di@acme.com"), Resource: ref("group:pay"), AtMost: "none", Reason: "no", Origins: origin(300)}}
				st.Grants = []policies.Grant{grant("group:pay", "team:Payments", "manager")}
				return st
			}, "di", noon,
			"p.rego:1 [manager] others 0 instead []\n  group:pay: p.rego:200 puts them into it, and a limit on the group keeps them out: no (p.rego:300)\n",
		},
		"of several limits, those that hold the person now": {
			func() *policies.Statements {
				st := groups("pay user:ann@acme.com", "away rotation:Primary")
				limit := func(who, on, reason string, line int) policies.Limit {
					return policies.Limit{Principal: ref(who), Resource: ref(on), AtMost: "none", Reason: reason, Origins: origin(line)}
				}
				st.Limits = []policies.Limit{
					limit("user:di@acme.com", "group:pay", "another person", 300), limit("user:ann@acme.com", "group:away", "another group", 301),
					limit("user:ann@acme.com", "group:*", "on leave", 302), limit("oncall:Primary", "group:pay", "has the pager", 303), limit("group:pay", "group:*", "those of pay", 304),
				}
				st.Grants = []policies.Grant{grant("group:pay", "team:Payments", "manager")}
				return st
			}, "ann", noon,
			"p.rego:1 [manager] others 0 instead []\n  group:pay: p.rego:200 puts them into it, and a limit on the group keeps them out: has the pager (p.rego:303); on leave (p.rego:302)\n",
		},
		"a principal that can't be told": {
			func() *policies.Statements {
				return &policies.Statements{Grants: []policies.Grant{grant("oncall:Nowhere", "team:Payments", "manager")}}
			}, "di", noon,
			"p.rego:1 [manager] others 0 instead []\n  oncall:Nowhere: who that is could not be determined: schedule:Nowhere does not exist\n",
		},
		"whoever is given it is not missed": {
			func() *policies.Statements {
				return &policies.Statements{Grants: []policies.Grant{grant("oncall:Primary", "team:Payments", "manager")}}
			}, "ann", noon, "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := desired.Expand(desired.Input{Snapshot: account(), Statements: c.statements()})
			got := missLines(e.Misses(desired.Pair{User: c.user, Resource: ref("team:#PAY")}, c.at))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("misses differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMissOnTheAccountIsOfTheRulesForTheAccount(t *testing.T) {
	st := &policies.Statements{Grants: []policies.Grant{grant("oncall:Primary", "account", "admin"), grant("user:bob@acme.com", "team:Payments", "manager")}}
	st.Grants[1].Origins = origin(2)
	e := desired.Expand(desired.Input{Snapshot: account(), Statements: st})
	want := "p.rego:1 [admin] others 0 instead []\n  oncall:Primary: on call next from 2026-03-16 16:00 UTC\n"
	if diff := cmp.Diff(want, missLines(e.Misses(desired.Pair{User: "bob", Resource: ref("account")}, noon))); diff != "" {
		t.Errorf("misses differ (-want +got):\n%s", diff)
	}
}
