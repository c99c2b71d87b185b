package diff

import (
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// nameEverything says what people call whatever the plan refers to by id.
func (b *builder) nameEverything() {
	name := func(user string, r inventory.Ref) {
		if user != "*" {
			b.plan.Name(b.index, b.ref(inventory.KindUser, user))
		}
		b.plan.Name(b.index, r)
	}
	for _, c := range b.everyChange() {
		name(c.User, c.Resource)
	}
	for _, x := range b.plan.Unknown {
		name(x.User, x.Resource)
	}
	for _, x := range b.plan.Drift {
		name(x.User, x.Resource)
	}
	for _, x := range b.plan.Implied {
		name(x.User, x.Resource)
	}
	for _, x := range b.plan.Protected {
		name(x.User, x.Resource)
	}
	for _, id := range b.plan.Unassigned {
		b.plan.Name(b.index, b.ref(inventory.KindUser, id))
	}
	for _, x := range b.plan.Expiring {
		name(x.User, x.Resource)
	}
	for _, f := range b.plan.Findings {
		b.plan.Name(b.index, f.Subject)
		b.plan.Name(b.index, f.Resource)
	}
}

// nameEdits says what people call whom the edits name.
func (b *builder) nameEdits() {
	user := func(id string) {
		if id != "" {
			b.plan.Name(b.index, b.ref(inventory.KindUser, id))
		}
		if b.in.Snapshot.Gone(id) {
			b.plan.Names[b.ref(inventory.KindUser, id).String()] = "#" + id + " (deleted)"
		}
	}
	for _, e := range slices.Concat(b.plan.Edits, b.plan.WouldEdit) {
		b.plan.Name(b.index, e.Schedule)
		for _, t := range slices.Concat(e.Before, e.After) {
			user(t.User)
		}
		for _, p := range e.Parts {
			for _, id := range slices.Concat(p.Before, p.After) {
				user(id)
			}
		}
		for _, d := range e.Displaced {
			user(d.User)
		}
	}
	for _, c := range b.everyChange() {
		if c.Kind == plan.Override {
			user(c.Override.Replaces)
		}
		b.nameLayer(c.Resource, c.Layer)
	}
	for _, d := range b.plan.Drift {
		b.nameLayer(d.Resource, d.Layer)
	}
	for _, p := range b.plan.Protected {
		b.nameLayer(p.Resource, p.Layer)
	}
}

// nameLayer says what people call a layer or event, "layer Day", by the
// schedule's reference by id, a slash and the layer's id.
func (b *builder) nameLayer(r inventory.Ref, layer string) {
	s := b.in.Snapshot.Schedules[r.ID]
	if line, ok := oncall.LineOf(s, layer); ok && layer != "" && line.Name != "" {
		b.plan.Names[r.String()+"/"+layer] = partName(s) + " " + line.Name
	}
}
