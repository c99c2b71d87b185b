package plan

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
)

// Expiring is time-bound access whose end is near.
type Expiring struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Role     string        `json:"role"`
	// Until is when it ends, Then the role that remains.
	Until time.Time    `json:"until"`
	Then  string       `json:"then"`
	By    []desired.By `json:"by"`
}
