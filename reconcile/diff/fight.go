package diff

import (
	"fmt"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

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
// A release lets such a change be made anew, as often as before.
var fight = guard{code: plan.HoldFight, rule: "S27", releasable: true, judge: func(b *builder) judge {
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
		why := "others have reversed this change time after time since " + clock(f.Since)
		if !fought {
			why = fmt.Sprintf("this change was made %d times within an hour, at %s, and others reversed it each time", len(made), hours(made))
		}
		return wait{why, "find out who else sets it and give it one master, then: " + letThrough(c), nil}, true
	}
}}

// findFights finds the fights that are held.
func (b *builder) findFights() {
	for _, h := range b.plan.Held {
		if h.Code != plan.HoldFight {
			continue
		}
		b.finding(plan.Finding{
			Rule: "dutyward.fight", Subject: b.ref(inventory.KindUser, h.User), Resource: h.Resource, Severity: "critical",
			Message: fmt.Sprintf("%s on %s: policies say %s, PagerDuty holds %s, and %s; the program has stopped",
				b.userName(h.User), b.resourceName(h.Resource), h.After, h.Before, h.Why),
			Remediation: "find out who else sets it (PagerDuty's audit trail says who), and give it one master: that other program, or a grant, limit or protection here",
		})
	}
}

// reversed are the moments of the last writes that made of a pair what the
// change would make of it again.
func (b *builder) reversed(c plan.Change) []time.Time {
	if c.Kind == plan.Override {
		return nil // a person may have several on a schedule
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

// stillAsked says that a pair may still be fought over: it can't be told what
// policies say, or they say what they said and the pair is so.
func stillAsked(r *Result, f plan.Fight) bool {
	if !r.Snapshot.Account.Complete || r.Access.UnknownReason(f.Pair) != "" {
		return true
	}
	return r.Snapshot.RoleOf(f.User, f.Resource) == f.Role
}
