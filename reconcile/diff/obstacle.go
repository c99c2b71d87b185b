package diff

import (
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// obstacle is why a change can't be made, and what would make it possible. Without a
// code there is none.
type obstacle struct {
	code         code.Code
	why, unblock string
}

func (o obstacle) none() bool { return o.code == "" }

// block lists a change as blocked.
func (b *builder) block(c plan.Change, o obstacle) {
	b.plan.Blocked = append(b.plan.Blocked, plan.Blocked{Change: c, Code: o.code, Why: o.why, Unblock: o.unblock})
}
