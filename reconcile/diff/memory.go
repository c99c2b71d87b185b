package diff

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// overlay sees a snapshot through recent acknowledged writes (S9): PagerDuty
// may still answer with what was there before one. What is neither the old nor
// the written state contradicts it, and is unknown.
func overlay(s *inventory.Snapshot, writes []plan.Write) (*inventory.Snapshot, []desired.Unknown) {
	if len(writes) == 0 {
		return s, nil
	}
	latest := map[desired.Pair]plan.Write{}
	stale := map[desired.Pair]map[string]bool{}
	for _, w := range writes {
		if w.Pair.Resource.Kind == inventory.KindSchedule {
			continue // see unsettled, and Memory.Overrides
		}
		if stale[w.Pair] == nil {
			stale[w.Pair] = map[string]bool{}
		}
		stale[w.Pair][w.Before] = true
		latest[w.Pair] = w
	}
	e := inventory.NewEdit(s)
	var unknown []desired.Unknown
	for pair, w := range latest {
		read := roleHeld(s, pair)
		switch {
		case read == w.Role:
		case stale[pair][read]:
			Suppose(e, plan.Change{Kind: plan.KindOf(pair), User: pair.User, Resource: pair.Resource, Layer: pair.Layer, Before: read, After: w.Role})
		default:
			unknown = append(unknown, desired.Unknown{
				Code: codes.Settling,
				User: pair.User, Resource: pair.Resource,
				Reason: fmt.Sprintf("written as %s less than two minutes ago and read back as %s", w.Role, read),
			})
		}
	}
	return e.Snapshot(), unknown
}

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
// from them, which have other ids. Of a person who is remembered on several of one line,
// the latest of them counts.
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
	type place struct {
		last string // the id of the last of the line
		at   int    // where in the line
	}
	current := map[desired.Target]place{}
	for id, layers := range concerned {
		if !layers {
			continue
		}
		for _, l := range oncall.Lines(s.Schedules[id], s.Now) {
			for at, part := range l.IDs {
				current[desired.Target{Resource: inventory.ByID(inventory.KindSchedule, id), Layer: part}] = place{l.ID, at}
			}
		}
	}
	last := *m.Last
	last.Named = slices.Clone(last.Named)
	last.Pairs = make([]plan.RoundPair, 0, len(m.Last.Pairs))
	followed, at := map[desired.Pair]int{}, map[desired.Pair]int{}
	for _, p := range m.Last.Pairs {
		now, ok := current[p.Target()]
		if !ok {
			last.Pairs = append(last.Pairs, p)
			continue
		}
		p.Layer = now.last
		i, twice := followed[p.Pair]
		switch {
		case !twice:
			followed[p.Pair], at[p.Pair] = len(last.Pairs), now.at
			last.Pairs = append(last.Pairs, p)
		case now.at > at[p.Pair]:
			last.Pairs[i], at[p.Pair] = p, now.at
		}
	}
	for i, n := range last.Named {
		if now, ok := current[n.Target]; ok {
			last.Named[i].Layer = now.last
		}
	}
	m.Last = &last
	return m
}

// What the memory says of a role is worth as much as it witnessed. Most lowerings
// need no memory: policies ask for something else than what is there. The way back
// from a raise of ours is asked for by nothing else, and a person may have given
// the role permanently since (S4):
//
//	the memory                          then
//	---------------------------------   -----------------------------------------
//	is older than what ran here last    ways back wait for a word, open writes are
//	                                    forgotten, and what ended by the memory
//	                                    counts as drift, under the limit of S26
//	saw no round for a day              ways back wait for a word
//	is of a later time                  the same, and S31
//	knows nobody who is here            it is another account's: nothing is lowered
//	is new                              as on a first start: nothing is known to be
//	                                    ours

// witnessed is how long a role can stand unseen for the memory to go on speaking of
// it.
const witnessed = day

// restored says why the memory is a copy from earlier. What a forecast supposes
// goes on from there.
func (b *builder) restored() string {
	if b.in.disputes != nil {
		return ""
	}
	return b.in.Memory.Restored
}

// unwitnessed says why the memory can't tell what became of a raise; empty if it
// can.
func (b *builder) unwitnessed() string {
	last := b.in.Memory.Last
	switch {
	case b.restored() != "":
		return b.restored()
	case last == nil:
		return ""
	case last.At.Sub(b.in.Now) > clockSlack:
		return fmt.Sprintf("the last round was at %s, which is in the future", clock(last.At))
	case b.in.Snapshot.Account.TakenAt.Sub(last.At) > witnessed:
		return fmt.Sprintf("no round was made since %s", clock(last.At))
	}
	return ""
}

// unwitnessedRaise holds the ways back from raises that may be a person's decision
// by now, until a person says so. What was held stays held.
var unwitnessedRaise = guard{hold: hold{code: plan.HoldUnwitnessed, rule: "S4", releasable: true}, lowers: true, judge: func(b *builder) judge {
	if len(b.wayBack) == 0 {
		return nil
	}
	doubt := b.unwitnessed()
	return func(c plan.Change) (wait, bool) {
		before := b.in.Memory.Last != nil && slices.Contains(b.in.Memory.Last.Unwitnessed, c.ID)
		if !slices.Contains(b.wayBack, c.ID) || b.released(c) || doubt == "" && !before {
			return wait{}, false
		}
		why := fmt.Sprintf("this program raised %s to %s, and whether a person gave that role since then ", b.userName(c.User), c.Before)
		if doubt == "" {
			why += "could not be determined in an earlier round"
		} else {
			why += "is unknown: " + doubt
		}
		return wait{why, "grant the role if it is meant, or take it back: " + letThrough(c), nil}, true
	}
}}

// strangersToTell is of how many people at least a memory must know nobody here to
// be taken for another account's.
const strangersToTell = 3

// anothersMemory says that the memory is of another account: nobody whom it knows
// is here.
func (b *builder) anothersMemory() []desired.Notice {
	if b.in.Memory.Last == nil || !b.in.Snapshot.Account.Complete {
		return nil
	}
	known := map[string]bool{}
	for _, p := range b.in.Memory.Last.Pairs {
		if _, here := b.in.Snapshot.Users[p.User]; here {
			return nil
		}
		known[p.User] = true
	}
	if len(known) < strangersToTell {
		return nil
	}
	return []desired.Notice{{Code: codes.AnotherAccount, Message: fmt.Sprintf("the state is of another account: none of the %d people whom it knows is in this one; name the state of this account in the configuration, or a new file",
		len(known))}}
}

// When a change is a fight (S27): it was made so often within so long and is due
// again, so each of these times others reversed it.
const (
	fightTimes  = 3
	fightWithin = time.Hour
	// fightQuiet is how long a pair must stay as policies say for its fight to
	// be over without a person's word.
	fightQuiet = 24 * time.Hour
)

// fight holds the changes that others reverse time after time: two programs with
// different truths would otherwise go on for ever, and the person's pager with them.
// A release lets such a change be made again, as often as before.
var fight = guard{hold: hold{code: plan.HoldFight, rule: "S27", releasable: true}, judge: func(b *builder) judge {
	standing := map[desired.Pair]plan.Fight{}
	if b.in.Memory.Last != nil {
		for _, f := range b.in.Memory.Last.Fights {
			standing[f.Pair] = f
		}
	}
	return func(c plan.Change) (wait, bool) {
		f, fought := standing[c.Pair()]
		fought = fought && f.Role == c.After && !b.releasedSince(c, f.Since)
		made := b.reversed(c)
		if !fought && len(made) < fightTimes {
			return wait{}, false
		}
		why := "others have reversed this change again and again since " + clock(f.Since)
		if !fought {
			why = fmt.Sprintf("this change was made %d times within an hour, at %s, and others reversed it each time", len(made), hours(made))
		}
		return wait{why, "find out who else sets it and let only one program manage it, then: " + letThrough(c), nil}, true
	}
}}

// reversed are the moments of the last writes that made of a pair what the
// change would make of it again.
func (b *builder) reversed(c plan.Change) []time.Time {
	if traitsOf(c.Kind).several {
		return nil
	}
	var made []time.Time
	for _, w := range b.in.Memory.Made {
		switch {
		case w.Pair != c.Pair():
		case w.Role != c.After:
			made = nil // then it was the program that moved it
		case b.in.Now.Sub(w.At) < fightWithin:
			made = append(made, w.At)
		}
	}
	return made
}

func hours(times []time.Time) string {
	var said []string
	for _, t := range times {
		said = append(said, t.UTC().Format("15:04"))
	}
	return strings.Join(said, ", ")
}

// fights are those that a round leaves: the ones it held, and the earlier ones
// that have not been quiet for long enough. One ends as well once policies ask
// for another role.
func fights(r *Result) []plan.Fight {
	then := map[desired.Pair]plan.Fight{}
	if r.last != nil {
		for _, f := range r.last.Fights {
			then[f.Pair] = f
		}
	}
	now := []plan.Fight{}
	held := map[desired.Pair]bool{}
	for _, h := range r.Plan.Held {
		if h.Code != plan.HoldFight {
			continue
		}
		held[h.Pair()] = true
		f := plan.Fight{Pair: h.Pair(), Role: h.After, Since: r.Plan.Now, Seen: r.Plan.Now}
		if before, ok := then[f.Pair]; ok && before.Role == f.Role {
			f.Since = before.Since
		}
		now = append(now, f)
	}
	if r.last == nil {
		return now
	}
	for _, f := range r.last.Fights {
		if held[f.Pair] || r.Plan.Now.Sub(f.Seen) >= fightQuiet || !stillAsked(r, f) {
			continue
		}
		now = append(now, f)
	}
	return now
}

// stillAsked says that a pair may still be fought over: it can't be known what
// policies say, or they say what they said and the pair is so.
func stillAsked(r *Result, f plan.Fight) bool {
	if !r.Snapshot.Account.Complete || r.Access.UnknownReason(f.Pair) != "" {
		return true
	}
	return roleHeld(r.Snapshot, f.Pair) == f.Role
}
