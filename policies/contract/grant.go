package contract

import (
	"fmt"

	"github.com/dutyward/dutyward/policies"
)

// grantRule says who has what.
var grantRule = ContractRule{Name: "grant", Phase: policies.PhaseAccess, whole: wholeGrant, Fields: []Field{
	need("principal", reference(principalKinds)), need("resource", reference(resourceKinds)), need("role", grantRole),
	may("from", Moment), may("until", Moment), may("layer", words),
	number("order", turnOrder), number("weight", turnWeight),
	may("replaces", reference(userKind)), may("reason", words), may("source", words),
}, makes: makes[policies.Grant]{
	of: func(e Element) policies.Grant {
		return policies.Grant{
			Principal: e.ref("principal"), Resource: e.ref("resource"), Role: e.Text("role"),
			From: e.moment("from"), Until: e.moment("until"), FromZone: e.zoneOf("from"), UntilZone: e.zoneOf("until"), Layer: e.Text("layer"),
			Order: e.order(), Weight: e.weight(),
			Replaces: e.ref("replaces"), Reason: e.Text("reason"),
		}
	},
	in: func(st *policies.Statements) *[]policies.Grant { return &st.Grants },
	by: func(x *policies.Grant) *[]policies.Origin { return &x.Origins },
}}

func wholeGrant(e Element) []Complaint {
	out := wholeWindow(e)
	role, hasRole := e.Fields["role"]
	if !hasRole || !role.Known() {
		return out
	}
	if role.Text == "override" && !e.Open {
		for _, name := range []string{"from", "until"} {
			if _, ok := e.Fields[name]; !ok {
				out = append(out, Complaint{Code: CodeOverrideBounds, Term: e.Term, Found: fmt.Sprintf("an override without %q", name),
					Expected: `an override to have "from" and "until"`})
			}
		}
	}
	out = append(out, wholeTurns(e, role.Text)...)
	if replaces, ok := e.Fields["replaces"]; ok && role.Text != "override" {
		out = append(out, Complaint{Code: codeUnfitField, Term: replaces.Term, Found: fmt.Sprintf("%q with role %q", "replaces", role.Text),
			Expected: `"replaces" only with role "override"`})
	}
	return out
}
