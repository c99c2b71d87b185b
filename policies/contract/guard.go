package contract

import "github.com/dutyward/dutyward/policies"

// holdRule and denyRule are read by a later version.
var holdRule = ContractRule{Name: "hold", Phase: policies.PhaseGuard, Fields: []Field{need("message", words), may("changes", nil)}}

var denyRule = ContractRule{Name: "deny", Phase: policies.PhaseGuard, Fields: []Field{need("message", words), may("changes", nil)}}
