package contract

import "github.com/dutyward/dutyward/policies"

// protectRule says what is left as it is.
var protectRule = ContractRule{Name: "protect", Phase: policies.PhaseAccess, whole: wholeProtect, Fields: []Field{
	may("principal", reference(principalKinds)), may("resource", reference(resourceKinds)),
	may("role", protectRole), may("until", Moment), need("reason", words),
}, makes: makes[policies.Protect]{
	of: func(e Element) policies.Protect {
		return policies.Protect{
			Principal: e.ref("principal"), Resource: e.ref("resource"), Role: e.Text("role"),
			Until: e.moment("until"), Reason: e.Text("reason"),
		}
	},
	in: func(st *policies.Statements) *[]policies.Protect { return &st.Protects },
	by: func(x *policies.Protect) *[]policies.Origin { return &x.Origins },
}}

func wholeProtect(e Element) []Complaint {
	_, principal := e.Fields["principal"]
	_, resource := e.Fields["resource"]
	if principal || resource || e.Open {
		return nil
	}
	return []Complaint{{Code: codeUnboundedProtect, Term: e.Term, Found: "a protect with neither principal nor resource", Expected: "one of them, or both"}}
}
