package paging

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Notice is a notification that PagerDuty sends.
type Notice struct {
	At   time.Time `json:"at"`
	User string    `json:"user"`
	// Channel is "push", "phone", "sms", "whatsapp", "email", or PagerDuty's own word.
	Channel string `json:"channel"`
}

// Wakes says that a channel makes a device ring.
func (n Notice) Wakes() bool {
	return slices.Contains([]string{"phone", "push", "sms", "whatsapp"}, n.Channel)
}

// Step is a time during which an incident is assigned to the same people.
type Step struct {
	// Level is counted from 1, and so is Loop: how often the policy was gone through.
	Level int `json:"level"`
	Loop  int `json:"loop"`
	// Urgency is the urgency by which people are notified.
	Urgency string    `json:"urgency"`
	Start   time.Time `json:"start"`
	// End is when it escalates; null where it stays.
	End *time.Time `json:"end"`
	// Assigned are the people it is assigned to. Of a round robin there is one list for
	// each member, and one of them holds.
	Assigned [][]string `json:"assigned"`
	// Notices are those to any of them, in order.
	Notices []Notice `json:"notices"`
}

// Skipped is a level that is passed over, for nobody is on call there.
type Skipped struct {
	Level int       `json:"level"`
	Loop  int       `json:"loop"`
	At    time.Time `json:"at"`
}

// Walk is an incident from its beginning to the end of its escalation policy.
type Walk struct {
	Urgency string    `json:"urgency"`
	At      time.Time `json:"at"`
	// Raised is when an incident of low urgency becomes one of high urgency; null for never.
	Raised  *time.Time `json:"raised"`
	Steps   []Step     `json:"steps"`
	Skipped []Skipped  `json:"skipped"`
	// First is the first notice that makes a device ring, in the worst case of what is not
	// known; null where there may be none.
	First *Notice `json:"first"`

	// alike is how long the same holds of incidents that begin later; anchored says that
	// First does not move with the beginning.
	alike    time.Duration
	anchored bool
	unknown  bool
}

// forever is longer than anything that is looked at.
const forever = 10 * 365 * 24 * time.Hour

// walker goes through a policy.
type walker struct {
	a      *Account
	policy inventory.EscalationPolicy
	w      *Walk
	// absolute says that time no longer follows from the beginning.
	absolute bool
}

// walk follows an incident. Where raise is set, one of low urgency becomes one of high
// urgency then.
func (a *Account) walk(policy inventory.EscalationPolicy, urgency string, at time.Time, raise *time.Time) *Walk {
	w := &Walk{Urgency: urgency, At: at, Steps: []Step{}, Skipped: []Skipped{}, alike: forever}
	k := &walker{a: a, policy: policy, w: w}
	level, loop, assigned := k.find(0, 1, at)
	if level < 0 {
		return w
	}
	if urgency == inventory.UrgencyLow {
		k.step(level, loop, urgency, at, raise, assigned)
		if raise == nil {
			k.finish()
			return w
		}
		k.beforeRaise(assigned, at, *raise)
		w.Raised, at, k.absolute = raise, *raise, true
	}
	for {
		end := at.Add(time.Duration(k.policy.Rules[level].DelayMinutes) * time.Minute)
		next, nextLoop, others := k.next(level, loop, end)
		if next < 0 {
			k.step(level, loop, inventory.UrgencyHigh, at, nil, assigned)
			break
		}
		k.step(level, loop, inventory.UrgencyHigh, at, &end, assigned)
		level, loop, assigned, at = next, nextLoop, others, end
	}
	k.finish()
	return w
}

func (k *walker) step(level, loop int, urgency string, start time.Time, end *time.Time, assigned [][]string) {
	k.w.Steps = append(k.w.Steps, Step{Level: level + 1, Loop: loop, Urgency: urgency, Start: start, End: end, Assigned: assigned, Notices: []Notice{}})
}

// next is where an incident goes that nobody has acknowledged; a negative level where it
// stays.
func (k *walker) next(level, loop int, at time.Time) (int, int, [][]string) {
	last := loop > k.policy.Repeat
	if level+1 < len(k.policy.Rules) {
		if next, _, assigned := k.find(level+1, loop, at); next >= 0 {
			return next, loop, assigned
		}
	}
	if last {
		return -1, loop, nil
	}
	return k.find(0, loop+1, at)
}

// find is the first level, from one on, on which anybody is on call; negative for none.
func (k *walker) find(from, loop int, at time.Time) (int, int, [][]string) {
	skipped := len(k.w.Skipped)
	for i := from; i < len(k.policy.Rules); i++ {
		if assigned := k.on(k.policy.Rules[i], at); len(assigned) > 0 {
			return i, loop, assigned
		}
		k.w.Skipped = append(k.w.Skipped, Skipped{Level: i + 1, Loop: loop, At: at})
	}
	k.w.Skipped = k.w.Skipped[:skipped]
	return -1, loop, nil
}

// on are those who may be assigned on a level: the people of all targets, or of a round
// robin those of each target.
func (k *walker) on(rule inventory.EscalationRule, at time.Time) [][]string {
	var all []string
	var ring [][]string
	for _, t := range rule.Targets {
		on := k.target(t, at)
		if len(on) == 0 {
			continue
		}
		all = append(all, on...)
		if !slices.ContainsFunc(ring, func(x []string) bool { return slices.Equal(x, on) }) {
			ring = append(ring, on)
		}
	}
	if len(all) == 0 || rule.Strategy == inventory.RoundRobin {
		return ring
	}
	slices.Sort(all)
	return [][]string{slices.Compact(all)}
}

func (k *walker) target(t inventory.Target, at time.Time) []string {
	if t.Type == "user" {
		if k.a.snap.Gone(t.ID) {
			return nil
		}
		return []string{t.ID}
	}
	l := k.a.line(t.ID)
	if !l.ends.IsZero() {
		if !at.Before(l.ends) {
			k.w.unknown = true
			return nil
		}
		k.until(l.ends, at)
	}
	on, next := l.look(at)
	if !next.IsZero() {
		k.until(next, at)
	}
	return on
}

// until says that what was seen at a moment changes at another.
func (k *walker) until(next, at time.Time) {
	if !k.absolute {
		k.w.alike = min(k.w.alike, next.Sub(at))
	}
}

// beforeRaise limits what is alike by the notices of low urgency that are due before an
// incident is raised.
func (k *walker) beforeRaise(assigned [][]string, at, raise time.Time) {
	for _, users := range assigned {
		for _, user := range users {
			for _, r := range k.a.snap.Users[user].NotificationRules {
				due := at.Add(time.Duration(r.DelayMinutes) * time.Minute)
				if r.Urgency == inventory.UrgencyLow && due.Before(raise) {
					k.until(raise, due)
				}
			}
		}
	}
}

// finish adds the notices.
func (k *walker) finish() {
	w := k.w
	for i := range w.Steps {
		s := &w.Steps[i]
		var worst *Notice
		reached := true
		for _, users := range s.Assigned {
			var first *Notice
			for _, user := range users {
				for _, n := range k.notices(i, user) {
					s.Notices = append(s.Notices, n)
					if n.Wakes() && (first == nil || n.At.Before(first.At)) {
						first = &n
					}
				}
			}
			if first == nil {
				reached = false
			} else if worst == nil || first.At.After(worst.At) {
				worst = first
			}
		}
		slices.SortFunc(s.Notices, func(x, y Notice) int {
			return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.User, y.User), cmp.Compare(x.Channel, y.Channel))
		})
		s.Notices = slices.Compact(s.Notices)
		if reached && worst != nil && (w.First == nil || worst.At.Before(w.First.At)) {
			w.First = worst
			w.anchored = w.Raised != nil && !s.Start.Before(*w.Raised)
		}
	}
}

// notices are those that a person gets because of a step. One that is due once the incident
// has gone on to others is taken not to arrive.
func (k *walker) notices(i int, user string) []Notice {
	steps := k.w.Steps
	end := steps[i].End
	for j := i + 1; j < len(steps) && steps[j].Urgency == steps[i].Urgency && everyTime(steps[j].Assigned, user); j++ {
		end = steps[j].End
	}
	var out []Notice
	for _, r := range k.a.snap.Users[user].NotificationRules {
		at := steps[i].Start.Add(time.Duration(r.DelayMinutes) * time.Minute)
		if r.Urgency == steps[i].Urgency && !r.Blocked && (end == nil || at.Before(*end)) {
			out = append(out, Notice{At: at, User: user, Channel: channel(r.Contact)})
		}
	}
	return out
}

// everyTime says that a person is assigned whichever of the alternatives holds.
func everyTime(assigned [][]string, user string) bool {
	return !slices.ContainsFunc(assigned, func(x []string) bool { return !slices.Contains(x, user) })
}

// channel is the short name of a type of contact methods.
func channel(contact string) string {
	return strings.TrimSuffix(strings.TrimSuffix(contact, "_contact_method"), "_notification")
}
