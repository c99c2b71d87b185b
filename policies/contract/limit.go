package contract

import "github.com/dutyward/dutyward/policies"

// limitRule says what somebody may have at most.
var limitRule = ContractRule{Name: "limit", Phase: policies.PhaseAccess, Fields: []Field{
	need("principal", reference(principalKinds)), need("resource", wildcard(limitKinds)),
	need("at_most", limitRole), need("reason", words),
}, makes: makes[policies.Limit]{
	of: func(e Element) policies.Limit {
		return policies.Limit{
			Principal: e.ref("principal"), Resource: e.ref("resource"), AtMost: e.Text("at_most"), Reason: e.Text("reason"),
		}
	},
	in: func(st *policies.Statements) *[]policies.Limit { return &st.Limits },
	by: func(x *policies.Limit) *[]policies.Origin { return &x.Origins },
}}
