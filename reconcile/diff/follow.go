package diff

import (
	"fmt"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// targetName is what people call a target.
func (b *builder) targetName(t desired.Target) string { return targetName(b.in.Snapshot, b.index, t) }

func targetName(s *inventory.Snapshot, x *inventory.Index, t desired.Target) string {
	name := x.Named(t.Resource)
	if t.Resource.Kind != inventory.KindSchedule {
		return name
	}
	if t.Layer == "" {
		return "the overrides of " + name
	}
	schedule := s.Schedules[t.Resource.ID]
	if line, ok := oncall.LineOf(schedule, t.Layer); ok && line.Name != "" {
		return fmt.Sprintf("%s %s of %s", partName(schedule), line.Name, name)
	}
	return fmt.Sprintf("%s #%s of %s", partName(schedule), t.Layer, name)
}

// follow brings what is remembered of layers and events to those that took over
// from them, which have other ids.
func follow(s *inventory.Snapshot, m plan.Memory) plan.Memory {
	if m.Last == nil {
		return m
	}
	concerned := map[string]bool{}
	for _, p := range m.Last.Pairs {
		concerned[p.Resource.ID] = concerned[p.Resource.ID] || p.Layer != ""
	}
	for _, n := range m.Last.Named {
		concerned[n.Resource.ID] = concerned[n.Resource.ID] || n.Layer != ""
	}
	current := map[desired.Target]string{}
	for id, layers := range concerned {
		if !layers {
			continue
		}
		for _, l := range oncall.Lines(s.Schedules[id], s.Now) {
			for _, part := range l.IDs {
				current[desired.Target{Resource: inventory.ByID(inventory.KindSchedule, id), Layer: part}] = l.ID
			}
		}
	}
	last := *m.Last
	last.Pairs, last.Named = slices.Clone(last.Pairs), slices.Clone(last.Named)
	for i, p := range last.Pairs {
		if now, ok := current[p.Target()]; ok {
			last.Pairs[i].Layer = now
		}
	}
	for i, n := range last.Named {
		if now, ok := current[n.Target]; ok {
			last.Named[i].Layer = now
		}
	}
	m.Last = &last
	return m
}
