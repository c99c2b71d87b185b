package plan

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
)

// schedules compares turns and overrides, which this version shows and does not
// change.
func (b *builder) schedules() {
	for _, pair := range b.layers() {
		grant := b.access.Grants[pair]
		if grant.Role == inventory.None || b.access.UnknownReason(pair) != "" {
			continue
		}
		for _, l := range oncall.Lines(b.in.Snapshot.Schedules[pair.Resource.ID], b.in.Now) {
			if l.ID == pair.Layer && !slices.Contains(l.Members, pair.User) {
				b.block(b.change(pair, inventory.None, grant.Role), "not supported yet", "nothing: a later version carries it out")
			}
		}
	}
	if b.scope != nil {
		return // overrides are due at once, whenever they begin
	}
	for _, o := range b.access.Overrides {
		if len(o.Limited) == 0 && b.access.UnknownReason(o.Pair()) == "" {
			b.block(b.change(o.Pair(), inventory.None, desired.Standin), "not supported yet", "nothing: a later version carries it out")
		}
	}
}
