// Package forecast is the plan over several instants: what becomes of access by
// itself, as long as policies and account stay as they are.
package forecast

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// ForecastVersion is the version of a forecast's JSON form.
const ForecastVersion = 1

// Forecast is what becomes of access by itself from one moment until another,
// as long as policies and account stay as they are. Its JSON form is documented
// and versioned; every collection is present.
type Forecast struct {
	Version int `json:"version"`
	// Account is the account's name in the configuration.
	Account string    `json:"account"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	TakenAt time.Time `json:"taken_at"`
	// Reach is the moment up to which the snapshot's shifts allow a forecast.
	Reach    time.Time `json:"reach"`
	Revision string    `json:"revision"`
	// Steps are the plans of the present moment and of each boundary at which
	// something happens, in order. Each takes the changes of those before it for
	// made.
	Steps []Step `json:"steps"`
	// Groups are the on-call groups, by name.
	Groups []GroupCourse `json:"groups"`
	// Endings is the time-bound access that ends within the forecast.
	Endings []plan.Expiring `json:"endings"`
	// AsOfNow are the access rules that read the time, or what plans change: what
	// they say at the present moment is taken to stand.
	AsOfNow []RuleReads `json:"as_of_now"`
	// Unknown, Suspended and Errors are those of the plan of the present moment.
	Unknown   []desired.Unknown `json:"unknown"`
	Suspended []desired.Notice  `json:"suspended"`
	Errors    []desired.Notice  `json:"errors"`
	// Names are as in a plan.
	Names   map[string]string `json:"names"`
	Summary ForecastSummary   `json:"summary"`

	// Declared are the names of all groups of the policies, sorted.
	Declared []string `json:"-"`
}

// Step is what happens at one moment. What is not enforced, blocked or held and was
// so before is not repeated.
type Step struct {
	At         time.Time      `json:"at"`
	Changes    []plan.Change  `json:"changes"`
	Unenforced []plan.Change  `json:"unenforced"`
	Blocked    []plan.Blocked `json:"blocked"`
	Held       []plan.Held    `json:"held"`

	// was are the rules that gave the pairs' roles before, as far as known and where
	// they are not those of the change.
	was map[desired.Pair][]desired.By
}

// empty says that nothing happens.
func (s Step) empty() bool { return len(s.Changes)+len(s.Unenforced)+len(s.Blocked)+len(s.Held) == 0 }

// otherRules are, of the rules that gave pairs their roles before, those that the
// changes of the step do not name themselves.
func (s Step) otherRules(was map[desired.Pair][]desired.By) map[desired.Pair][]desired.By {
	other := map[desired.Pair][]desired.By{}
	note := func(c plan.Change) {
		by := was[c.Pair()]
		if len(by) > 0 && (len(c.By) != len(by) || &c.By[0] != &by[0]) {
			other[c.Pair()] = by
		}
	}
	for _, c := range s.Changes {
		note(c)
	}
	for _, c := range s.Unenforced {
		note(c)
	}
	for _, x := range s.Blocked {
		note(x.Change)
	}
	for _, x := range s.Held {
		note(x.Change)
	}
	return other
}

// GroupCourse is who is in an on-call group over time.
type GroupCourse struct {
	Name string `json:"name"`
	// Spells are the whole span, without gaps between them.
	Spells []GroupSpell `json:"spells"`
	// Unknown is why it is unknown; empty if it is known.
	Unknown []string `json:"unknown"`
}

// GroupSpell is a span for which the same people are in a group.
type GroupSpell struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Users are their ids, sorted; empty is a gap.
	Users []string `json:"users"`
}

// RuleReads is a rule, and what it reads beside data.
type RuleReads struct {
	policies.Origin
	// Reads are the parts of the input: "now", "users", "teams" and the like.
	Reads []string `json:"reads"`
}

// ForecastSummary counts a forecast, the step of the present moment apart.
type ForecastSummary struct {
	// Due are the changes of the present moment.
	Due        int `json:"due"`
	Moments    int `json:"moments"`
	Raise      int `json:"raise"`
	Lower      int `json:"lower"`
	Unenforced int `json:"unenforced"`
	Blocked    int `json:"blocked"`
	Held       int `json:"held"`
	// Empty counts the on-call groups that are empty at some time.
	Empty int `json:"empty"`
	// Endings counts the time-bound access that ends.
	Endings int `json:"endings"`
}

// mostEdits is how many plans in a row of a forecast may edit schedules: each is
// followed by one a minute later, which would go on for ever.
const mostEdits = 100

// Foresee makes the plan of the present moment and of each boundary before
// until. It is the plan's own function, over several instants: it errs where
// Make does, and for a moment that the snapshot's shifts do not reach.
func Foresee(in diff.Input, until time.Time) (*Forecast, error) {
	reach := desired.Reach(in.Snapshot.Account.Window, in.Statements).Until
	switch {
	case until.After(reach):
		return nil, fmt.Errorf("a forecast until %s needs shifts that the snapshot does not hold: it reaches until %s; choose an earlier moment, or raise window.ahead_days in the configuration and take a new snapshot",
			until.UTC().Format(time.RFC3339), reach.UTC().Format(time.RFC3339))
	case !until.After(in.Now):
		return nil, fmt.Errorf("a forecast until %s looks back: it begins at %s", until.UTC().Format(time.RFC3339), in.Now.UTC().Format(time.RFC3339))
	}
	in.Horizon = in.HorizonAt(in.Now)
	first, err := diff.Make(in)
	if err != nil {
		return nil, err
	}
	f := &Forecast{
		Version: ForecastVersion, Account: in.Snapshot.Account.Name, From: in.Now, Until: until.UTC(),
		TakenAt: in.Snapshot.Account.TakenAt, Reach: reach.UTC(), Revision: in.Revision,
		Unknown: first.Plan.Unknown, Suspended: first.Plan.Suspended, Errors: first.Plan.Errors, Names: first.Plan.Names,
	}
	f.Declared = slices.Sorted(maps.Keys(first.Access.Groups))
	if step := stepOf(first.Plan, nil); !step.empty() {
		f.Steps = append(f.Steps, step)
	}
	c := diff.NewCourse(in, first, until)
	restless := 0
	groups := newGroupCourses(c.Expansion, in.Now)
	for m, ok := c.Next(in.Now); ok; m, ok = c.Next(m.At) {
		e, before := c.Expansion, c.Open
		p, err := c.Step(m)
		if err != nil {
			return nil, fmt.Errorf("at %s: %w", m.At.Format(time.RFC3339), err)
		}
		if restless++; len(p.Edits) == 0 {
			restless = 0
		}
		if restless > mostEdits {
			return nil, fmt.Errorf("at %s: the turns on %s do not settle: each of the last %d rounds would edit them again; look at what its grants follow from",
				m.At.Format(time.RFC3339), c.Index.Named(p.Edits[0].Schedule), mostEdits)
		}
		step := stepOf(p, before)
		step.was = step.otherRules(c.Was)
		if !step.empty() {
			f.Steps = append(f.Steps, step)
			for id, name := range p.Names {
				f.Names[diff.PresentPart(id)] = name
			}
		}
		if c.Expansion != e { // principals or schedules moved
			groups.until(m.At, c.Expansion)
		}
	}
	f.Groups = groups.until(until, nil)
	for _, g := range f.Groups {
		for _, s := range g.Spells {
			for _, id := range s.Users {
				user := inventory.ByID(inventory.KindUser, id)
				f.Names[user.String()] = c.Index.Name(user.Kind, id)
			}
		}
	}
	f.Endings = f.endings()
	f.count()
	return f, nil
}

// endings is the time-bound access that ends, made or not enforced.
func (f *Forecast) endings() []plan.Expiring {
	var out []plan.Expiring
	for _, step := range f.Steps {
		if !step.At.After(f.From) {
			continue
		}
		for _, c := range slices.Concat(step.Changes, step.Unenforced) {
			if c.Cause != plan.CauseExpiry || c.Effect != plan.Lower {
				continue
			}
			by := step.was[c.Pair()]
			if len(by) == 0 {
				by = c.By
			}
			out = append(out, plan.Expiring{User: c.User, Resource: c.Resource, Role: c.Before, Until: step.At, Then: c.After, By: by})
		}
	}
	return out
}

// stepOf is what is new in a plan, given what was open before.
func stepOf(p *plan.Plan, before map[desired.Pair]map[string]bool) Step {
	step := Step{At: p.Now, Changes: make([]plan.Change, 0, len(p.Changes)), Unenforced: []plan.Change{}, Blocked: []plan.Blocked{}, Held: []plan.Held{}}
	was := func(c plan.Change) bool { return before[c.Pair()][c.ID] }
	for _, c := range p.Changes {
		step.Changes = append(step.Changes, diff.Present(c))
	}
	for _, c := range p.Unenforced {
		if c = diff.Present(c); !was(c) {
			step.Unenforced = append(step.Unenforced, c)
		}
	}
	for _, x := range p.Blocked {
		if x.Change = diff.Present(x.Change); !was(x.Change) {
			step.Blocked = append(step.Blocked, x)
		}
	}
	for _, x := range p.Held {
		if x.Change = diff.Present(x.Change); !was(x.Change) {
			step.Held = append(step.Held, x)
		}
	}
	return step
}

// groupCourses gathers who is in on-call groups, over expansions that follow one
// another.
type groupCourses struct {
	since     time.Time
	expansion *desired.Expansion
	courses   []GroupCourse
}

func newGroupCourses(e *desired.Expansion, from time.Time) *groupCourses {
	g := &groupCourses{since: from, expansion: e}
	for _, name := range e.OnCallGroups() {
		g.courses = append(g.courses, GroupCourse{Name: name, Unknown: plan.OrEmpty(e.GroupUnknown(name))})
	}
	return g
}

// until takes the courses to a moment, from which the next expansion speaks.
func (g *groupCourses) until(t time.Time, next *desired.Expansion) []GroupCourse {
	for i := range g.courses {
		c := &g.courses[i]
		for _, s := range g.expansion.Spells(c.Name, g.since, t) {
			if n := len(c.Spells); n > 0 && slices.Equal(c.Spells[n-1].Users, s.Users) {
				c.Spells[n-1].Until = s.Until.UTC()
				continue
			}
			c.Spells = append(c.Spells, GroupSpell{From: s.From.UTC(), Until: s.Until.UTC(), Users: plan.OrEmpty(s.Users)})
		}
	}
	g.since, g.expansion = t, next
	return plan.OrEmpty(g.courses)
}

// Empty are the spells for which nobody is in the group; none if it can't be
// told.
func (g GroupCourse) Empty() []GroupSpell {
	if len(g.Unknown) > 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(g.Spells), func(s GroupSpell) bool { return len(s.Users) > 0 })
}

// count brings the summary up to date.
func (f *Forecast) count() {
	f.Steps, f.Endings, f.AsOfNow, f.Groups = plan.OrEmpty(f.Steps), plan.OrEmpty(f.Endings), plan.OrEmpty(f.AsOfNow), plan.OrEmpty(f.Groups)
	s := ForecastSummary{Endings: len(f.Endings)}
	for _, step := range f.Steps {
		if !step.At.After(f.From) {
			s.Due = len(step.Changes)
			continue
		}
		s.Moments++
		for _, c := range step.Changes {
			if c.Effect == plan.Lower {
				s.Lower++
			} else {
				s.Raise++
			}
		}
		s.Unenforced += len(step.Unenforced)
		s.Blocked += len(step.Blocked)
		s.Held += len(step.Held)
	}
	for _, g := range f.Groups {
		if len(g.Empty()) > 0 {
			s.Empty++
		}
	}
	f.Summary = s
}
