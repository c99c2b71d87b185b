package risk

import (
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// statements are the access statements of the policies, as the packs see them.
type statements struct {
	Rules   []ruleCount `json:"rules"`
	Expired []expired   `json:"expired"`
	Limits  []limit     `json:"limits"`
}

// place is where in the policies something is said.
type place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

type ruleCount struct {
	place
	Rule     string `json:"rule"`
	Elements int    `json:"elements"`
}

// expired is a statement that is over.
type expired struct {
	place
	Kind    string `json:"kind"`
	What    string `json:"what"`
	Subject string `json:"subject"`
	Until   string `json:"until"`
}

// limit is a limit with how many people it reaches.
type limit struct {
	place
	Principal string `json:"principal"`
	People    int    `json:"people"`
}

func statementsOf(f Facts) statements {
	out := statements{Rules: []ruleCount{}, Expired: []expired{}, Limits: []limit{}}
	index := inventory.NewIndex(f.Snapshot)
	st := f.Statements
	for _, c := range st.Counts {
		out.Rules = append(out.Rules, ruleCount{placeOf([]policies.Origin{c.Origin}), c.Rule, c.Elements})
	}
	over := func(kind string, about inventory.Ref, what string, until *time.Time, by []policies.Origin) {
		if until != nil && !f.Now.Before(*until) {
			out.Expired = append(out.Expired, expired{placeOf(by), kind, what, subjectOf(index, about), clock(*until)})
		}
	}
	for _, g := range st.Grants {
		over("grant", g.Principal, g.Principal.String()+" on "+g.Resource.String(), g.Until, g.Origins)
	}
	for _, m := range st.Members {
		over("membership", m.Principal, m.Principal.String()+" in group:"+m.Group, m.Until, m.Origins)
	}
	for _, l := range st.Limits {
		if people, known := reached(f, index, l.Principal); known {
			out.Limits = append(out.Limits, limit{placeOf(l.Origins), l.Principal.String(), people})
		}
	}
	return out
}

func placeOf(by []policies.Origin) place {
	if len(by) == 0 {
		return place{}
	}
	return place{by[0].File, by[0].Line}
}

// subjectOf is what a finding about a principal is about: the person, group or schedule
// where it is a kind of those that findings are about, and otherwise the account.
func subjectOf(x *inventory.Index, r inventory.Ref) string {
	switch r.Kind {
	case inventory.KindUser:
		if ids := x.Find(r); len(ids) == 1 {
			return inventory.ByID(inventory.KindUser, ids[0]).String()
		}
		return "account"
	case inventory.KindGroup:
		return r.String()
	}
	return "account"
}

// reached is how many people a principal stands for at some time; unknown where that
// follows from whoever is on call.
func reached(f Facts, x *inventory.Index, r inventory.Ref) (people int, known bool) {
	switch r.Kind {
	case inventory.KindUser:
		return len(x.Find(r)), true
	case inventory.KindGroup:
		declared := func(g policies.Group) bool { return g.Name == r.Name }
		if f.Expansion == nil || !slices.ContainsFunc(f.Statements.Groups, declared) {
			return 0, false
		}
		w := f.Snapshot.Account.Window
		users := map[string]bool{}
		for _, s := range f.Expansion.Spells(r.Name, f.Now, w.Until) {
			for _, u := range s.Users {
				users[u] = true
			}
		}
		return len(users), true
	}
	return 0, false
}
