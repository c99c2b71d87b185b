package contract

import (
	"fmt"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// emptyRule says what may lose everybody.
var emptyRule = ContractRule{Name: "empty", Phase: policies.PhaseAccess, whole: wholeEmpty, Fields: []Field{
	need("resource", reference(emptyKinds)), need("reason", words), may("layer", words),
}, makes: makes[policies.Empty]{
	of: func(e Element) policies.Empty {
		return policies.Empty{Resource: e.ref("resource"), Layer: e.Text("layer"), Reason: e.Text("reason")}
	},
	in: func(st *policies.Statements) *[]policies.Empty { return &st.Empties },
	by: func(x *policies.Empty) *[]policies.Origin { return &x.Origins },
}}

func wholeEmpty(e Element) []Complaint {
	layer, ok := e.Fields["layer"]
	kind, known := e.Fields["resource"].Kind()
	if !ok || !known || kind == inventory.KindSchedule {
		return nil
	}
	return []Complaint{{Code: codeUnfitField, Term: layer.Term, Found: fmt.Sprintf("%q with a resource %s:", "layer", kind), Expected: `"layer" only with a schedule`}}
}
