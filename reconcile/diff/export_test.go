package diff

import "github.com/dutyward/dutyward/inventory"

// Sabotage has the planning of resources panic where f does.
func Sabotage(in *Input, f func(inventory.Ref)) { in.sabotage = f }
