package desired

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
)

// The roles on schedules.
const (
	// Rotation is taking turns on a layer or event.
	Rotation = "rotation"
	// OverrideRole is being on call for a window, in place of what the schedule says.
	OverrideRole = "override"
)

// Override is a person who is to be on call on a schedule for a window. Unlike a
// Grant it is due before it begins, and ends by itself.
type Override struct {
	// User and Schedule are PagerDuty ids.
	User     string
	Schedule string
	// Window has both bounds.
	Window
	// Replaces is the id of the person whose turns are taken over; empty for the
	// whole window, whoever is on call.
	Replaces string
	By       []By
	// Limited are the limits that took it away; then it is not desired.
	Limited []Limitation
}

// Pair is the pair that the override is about. Several may share it.
func (o Override) Pair() Pair {
	return Pair{User: o.User, Resource: inventory.ByID(inventory.KindSchedule, o.Schedule)}
}

// identified are the lines that can be referred to: one without an id, as a file may
// hold it, can't be written to either.
func identified(lines []oncall.Line) []oncall.Line {
	return slices.DeleteFunc(lines, func(l oncall.Line) bool { return l.ID == "" })
}

// partName is what people take turns on, on a schedule of its kind.
func (e *Expansion) partName(schedule string) string {
	if e.in.Snapshot.Schedules[schedule].Kind == inventory.ScheduleOfShifts {
		return "event"
	}
	return "layer"
}

// nearestLine is what somebody may have meant by a name that no line has: a name
// like it, or else one of all.
func nearestLine(name string, lines []oncall.Line) string {
	var names []string
	for _, l := range lines {
		if !slices.Contains(names, l.Name) {
			names = append(names, l.Name)
		}
	}
	if near, ok := inventory.Nearest(name, names); ok {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	if len(names) > 0 {
		return "; it has " + strings.Join(names, ", ")
	}
	return ""
}

// overridesAt are the overrides that have not ended by t, those of one person
// that touch or overlap as one.
func (e *Expansion) overridesAt(t time.Time) []Override {
	type who struct{ schedule, user, replaces string }
	windows := map[who][]Window{}
	for _, o := range e.overrides {
		if o.Until.After(t) {
			w := who{o.Schedule, o.User, o.Replaces}
			windows[w] = append(windows[w], o.Window)
		}
	}
	out := []Override{}
	for w, ws := range windows {
		for _, window := range unite(ws) {
			one := Override{User: w.user, Schedule: w.schedule, Replaces: w.replaces, Window: window, By: []By{}, Limited: []Limitation{}}
			for _, o := range e.overrides {
				if o.Schedule == w.schedule && o.User == w.user && o.Replaces == w.replaces && !o.Window.intersect(window).empty() {
					one.By = append(one.By, o.By...)
				}
			}
			slices.SortFunc(one.By, compareBy)
			one.By = slices.CompactFunc(one.By, func(a, b By) bool { return compareBy(a, b) == 0 })
			e.limitOverride(&one, t)
			out = append(out, one)
		}
	}
	slices.SortFunc(out, compareOverrides)
	return out
}

// limitOverride notes the limits that keep somebody off a schedule now.
func (e *Expansion) limitOverride(o *Override, t time.Time) {
	for _, l := range e.limits {
		if l.covers(o.Pair()) && slices.ContainsFunc(l.users[o.User], func(w Window) bool { return w.Contains(t) }) {
			o.Limited = append(o.Limited, Limitation{AtMost: l.atMost, Reason: l.reason, By: l.by})
		}
	}
}

func compareOverrides(a, b Override) int {
	return cmp.Or(
		cmp.Compare(a.Schedule, b.Schedule), a.From.Compare(b.From), a.Until.Compare(b.Until),
		cmp.Compare(a.User, b.User), cmp.Compare(a.Replaces, b.Replaces),
	)
}

// rotation adds a grant of turns on a layer or event.
func (a assembly) rotation(g policies.Grant, schedule inventory.Ref) {
	if len(identified(oncall.Lines(a.e.in.Snapshot.Schedules[schedule.ID], a.e.in.Snapshot.Now))) == 0 {
		a.nothingToTurnOn(g, schedule)
		return
	}
	layer, ok := a.line(schedule, g.Layer, g.Origins)
	if !ok {
		return
	}
	if g.Weight > 1 && a.e.in.Snapshot.Schedules[schedule.ID].Kind == inventory.ScheduleOfShifts {
		a.x.error(reasonf(codeNoWeights, schedule, "%s is shift-based, and its events carry no weights: instead of %d turns within a cycle there is one; make it a layer-based schedule, or give the person an event of their own, and leave out `weight`",
			a.e.index.Named(schedule), g.Weight), g.Origins)
		g.Weight = 0
	}
	g.Role = inventory.TurnsRole(g.Weight)
	a.give(g, Target{Resource: schedule, Layer: layer})
}

// nothingToTurnOn blocks a grant of turns on a schedule that has no layer or event
// to take them on, as PagerDuty's pages make such: which hours it covers and how
// long a turn lasts is not for this program to make up (S16).
func (a assembly) nothingToTurnOn(g policies.Grant, schedule inventory.Ref) {
	name, kind := a.e.index.Named(schedule), a.e.partName(schedule.ID)
	who := a.x.principal(g.Principal, g.Origins)
	a.e.follows(schedule, who)
	for _, why := range who.unknown {
		a.e.unknown = append(a.e.unknown, why.unknown("*", schedule))
	}
	for user, ways := range who.ways {
		var by []By
		for _, w := range ways {
			if w.refused != "" || !w.window.intersect(bounded(g.From, g.Until).in(g.FromZone, g.UntilZone)).Contains(a.e.in.Snapshot.Now) {
				continue
			}
			for _, o := range g.Origins {
				by = append(by, By{Origin: o, Chain: chain(&w)})
			}
		}
		if len(by) == 0 {
			continue
		}
		a.e.unsupported = append(a.e.unsupported, Unsupported{
			Key:  strings.Join([]string{string(inventory.KindSchedule), schedule.ID, user, inventory.None, Rotation}, "/"),
			What: "policies give " + Rotation, By: by, User: user, Resource: schedule, Role: Rotation,
			Why:     fmt.Sprintf("%s has no %s to take turns on that has not ended", name, kind),
			Unblock: fmt.Sprintf("make a %s on it in PagerDuty, with its hours and the length of its turns", kind),
		})
	}
}

// override adds a grant of a window on call.
func (a assembly) override(g policies.Grant, schedule inventory.Ref) {
	target := Target{Resource: schedule}
	a.e.name(target, g.Origins)
	if g.From == nil || g.Until == nil {
		return // the contract refuses it
	}
	replaces, ok := a.replaced(g, schedule)
	if !ok {
		return
	}
	who := a.x.principal(g.Principal, g.Origins)
	a.e.follows(schedule, who)
	for _, why := range who.unknown {
		a.e.unknown = append(a.e.unknown, why.unknown("*", schedule))
	}
	for user, ways := range who.ways {
		if user == replaces {
			continue // in place of themselves: their turns are theirs, and PagerDuty keeps no such override
		}
		for _, w := range ways {
			window := w.window.intersect(bounded(g.From, g.Until).in(g.FromZone, g.UntilZone))
			if window.empty() {
				continue
			}
			for _, o := range g.Origins {
				a.e.overrides = append(a.e.overrides, asked{fact: w.fact, Override: Override{
					User: user, Schedule: schedule.ID, Window: window, Replaces: replaces,
					By: []By{{Origin: o, Chain: chain(&w)}}, Limited: []Limitation{},
				}})
			}
		}
	}
	a.e.link(target, who, g.Origins)
}

// replaced is whom an override replaces, if the reference resolves. Of one that
// does not, the schedule's overrides are unknown.
func (a assembly) replaced(g policies.Grant, schedule inventory.Ref) (string, bool) {
	if g.Replaces.IsZero() {
		return "", true
	}
	res := a.x.resolver.resolve(g.Replaces)
	if res.ok() {
		return res.id, true
	}
	why := res.why.as("an override replaces somebody who could not be determined")
	a.x.error(why, g.Origins)
	a.e.unknown = append(a.e.unknown, why.unknown("*", schedule))
	return "", false
}

// line finds the layer or event that a grant or empty names on a schedule: by
// name, by '#' and id, or by nothing where there is one alone. One that does not
// exist names nothing; of a name that several share, the whole schedule is
// unknown (S10, S12).
func (a assembly) line(schedule inventory.Ref, layer string, origins []policies.Origin) (string, bool) {
	s := a.e.in.Snapshot.Schedules[schedule.ID]
	name, kind := a.e.index.Named(schedule), a.e.partName(schedule.ID)
	lines := identified(oncall.Lines(s, a.e.in.Snapshot.Now))
	id, byID := strings.CutPrefix(layer, "#")
	found := slices.DeleteFunc(slices.Clone(lines), func(l oncall.Line) bool {
		switch {
		case layer == "":
			return false
		case byID:
			return !l.Has(id)
		}
		return l.Name != layer
	})
	switch {
	case len(found) == 1:
		return found[0].ID, true
	case a.e.in.Unsettled[schedule.ID]:
		return "", false // it reads as on the way to what it will be
	case len(found) == 0 && layer == "":
		a.x.error(reasonf(codeNoLayer, schedule, "%s has no %s that has not ended", name, kind), origins)
		return "", false
	case len(found) == 0:
		a.x.error(reasonf(codeNoLayer, schedule, "%s has no %s %q that has not ended%s", name, kind, layer, nearestLine(layer, lines)), origins)
		return "", false
	}
	var ids []string
	for _, l := range found {
		ids = append(ids, fmt.Sprintf("%s (#%s)", l.Name, l.ID))
	}
	why := reasonf(codeAmbiguousLayer, schedule, "%s has %d %ss: say in `layer` which one is meant: %s", name, len(found), kind, strings.Join(ids, ", "))
	if layer != "" {
		why = reasonf(codeAmbiguousLayer, schedule, "%s has %d %ss of the name %q: say in `layer` which one is meant, as #id: %s", name, len(found), kind, layer, strings.Join(ids, ", "))
	}
	a.x.error(why, origins)
	a.e.unknown = append(a.e.unknown, why.unknown("*", schedule))
	return "", false
}
