package contract

import (
	"fmt"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// groupRule declares a group.
var groupRule = ContractRule{Name: "group", Phase: policies.PhaseAccess, Fields: []Field{
	need("name", groupName), may("description", anyText), may("owner", anyText),
	{Name: "visibility", Refused: "not supported in this version: nothing shows it yet, so leave it out"},
}, makes: makes[policies.Group]{
	of: func(e Element) policies.Group {
		return policies.Group{Name: e.Text("name"), Description: e.Text("description"), Owner: e.Text("owner")}
	},
	in: func(st *policies.Statements) *[]policies.Group { return &st.Groups },
	by: func(x *policies.Group) *[]policies.Origin { return &x.Origins },
}}

// memberRule says who is in a group.
var memberRule = ContractRule{Name: "member", Phase: policies.PhaseAccess, whole: wholeMember, Fields: []Field{
	need("group", groupName), need("principal", reference(principalKinds)),
	may("from", Moment), may("until", Moment), may("lead", duration), may("lag", duration),
	may("when_empty", oneOf("when_empty", []string{policies.KeepLast, policies.LeaveEmpty})),
}, makes: makes[policies.Member]{
	of: func(e Element) policies.Member {
		return policies.Member{
			Group: e.Text("group"), Principal: e.ref("principal"), From: e.moment("from"), Until: e.moment("until"), FromZone: e.zoneOf("from"), UntilZone: e.zoneOf("until"),
			Lead: e.length("lead"), Lag: e.length("lag"), WhenEmpty: e.Text("when_empty"),
		}
	},
	in: func(st *policies.Statements) *[]policies.Member { return &st.Members },
	by: func(x *policies.Member) *[]policies.Origin { return &x.Origins },
}}

func wholeMember(e Element) []Complaint {
	out := wholeWindow(e)
	kind, ok := e.Fields["principal"].Kind()
	if !ok || kind == inventory.KindOnCall || kind == inventory.KindEscalation {
		return out
	}
	for _, field := range []struct{ name, why string }{
		{"lead", "it widens shifts"}, {"lag", "it widens shifts"}, {"when_empty", "it is about the time between shifts"},
	} {
		if v, ok := e.Fields[field.name]; ok {
			out = append(out, Complaint{Code: codeUnfitField, Term: v.Term, Found: fmt.Sprintf("%q with a principal %s:", field.name, kind),
				Expected: fmt.Sprintf("%q only with oncall: or escalation:, for %s", field.name, field.why)})
		}
	}
	return out
}
