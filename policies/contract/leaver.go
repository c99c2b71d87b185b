package contract

import "github.com/dutyward/dutyward/policies"

// leaverRule says who has left.
var leaverRule = ContractRule{Name: "leaver", Phase: policies.PhaseAccess, Fields: []Field{
	need("principal", reference(userKind)), need("reason", words), may("since", Moment),
}, makes: makes[policies.Leaver]{
	of: func(e Element) policies.Leaver {
		return policies.Leaver{Principal: e.ref("principal"), Since: e.moment("since"), Reason: e.Text("reason")}
	},
	in: func(st *policies.Statements) *[]policies.Leaver { return &st.Leavers },
	by: func(x *policies.Leaver) *[]policies.Origin { return &x.Origins },
}}
