package contract

import "github.com/dutyward/dutyward/policies"

// findingRule flags a risk.
var findingRule = ContractRule{Name: "finding", Phase: policies.PhaseRisk, Fields: []Field{
	need("rule", words), need("subject", reference(subjectKinds)), need("severity", oneOf("severity", policies.Severities)),
	need("message", words), may("resource", reference(subjectKinds)), may("remediation", anyText),
}, makes: makes[policies.Finding]{
	of: func(e Element) policies.Finding {
		return policies.Finding{
			Rule: e.Text("rule"), Subject: e.ref("subject"), Severity: e.Text("severity"), Message: e.Text("message"),
			Resource: e.ref("resource"), Remediation: e.Text("remediation"),
		}
	},
	in: func(st *policies.Statements) *[]policies.Finding { return &st.Findings },
	by: func(x *policies.Finding) *[]policies.Origin { return &x.Origins },
}}

// waiveRule accepts one for a while.
var waiveRule = ContractRule{Name: "waive", Phase: policies.PhaseRisk, Fields: []Field{
	need("rule", words), need("subject", reference(subjectKinds)), need("reason", words),
	need("until", Moment), may("resource", reference(subjectKinds)),
}, makes: makes[policies.Waiver]{
	of: func(e Element) policies.Waiver {
		return policies.Waiver{
			Rule: e.Text("rule"), Subject: e.ref("subject"), Resource: e.ref("resource"),
			Reason: e.Text("reason"), Until: *e.moment("until"),
		}
	},
	in: func(st *policies.Statements) *[]policies.Waiver { return &st.Waivers },
	by: func(x *policies.Waiver) *[]policies.Origin { return &x.Origins },
}}
