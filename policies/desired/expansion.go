package desired

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// Input is what desired access follows from.
type Input struct {
	Snapshot   *inventory.Snapshot
	Statements *policies.Statements
	// Pinned are the names that earlier rounds resolved: key to id (S11).
	Pinned map[string]string
	// Names are those of the snapshot and of Pinned, for several expansions; nil for
	// this one alone.
	Names *Names
	// References are names that the policies look up by themselves.
	References []policies.Reference
	// Members are teams' members as they will be after the plan, by team id and
	// user id, where they differ from the snapshot's: team: means these.
	Members map[string]map[string]string
	// Schedules are schedules as they will be after the plan, by id, where they
	// differ from the snapshot's: rotation: means these.
	Schedules map[string]inventory.Schedule
	// Longest bounds grants and memberships that have an until; 0 for no bound.
	Longest time.Duration
	// Disputes are the schedules in dispute with why, by id, where the snapshot is
	// foreseen and has no on-calls of its moment to tell them by; nil where it has.
	Disputes map[string]string
	// Unsettled are the schedules, by id, that an edit of ours is on its way through:
	// what they have too many of or lack meanwhile is nobody's mistake.
	Unsettled map[string]bool
	// sabotage lets tests have a principal panic; nil otherwise.
	sabotage func(inventory.Ref)
}

func (in Input) names() *Names {
	if in.Names != nil {
		return in.Names
	}
	return NewNames(in.Snapshot, in.Pinned)
}

// Expansion is what the statements ask for over time, references resolved and
// groups expanded.
type Expansion struct {
	in         Input
	index      *inventory.Index
	candidates ByPair[[]candidate]
	overrides  []asked // one for each way in which a grant reaches somebody
	// named are the rules that name a target, without sources.
	named    map[Target][]policies.Origin
	mayEmpty map[Target][]policies.Empty
	limits   []limit
	// limitsOn are the indices of the limits on a person.
	limitsOn map[string][]int
	protects []protect
	groups   map[string]people
	links    map[link][]policies.Origin
	uses     Uses
	facts    map[inventory.Ref][]use
	disputes map[string]string

	unknown           []Unknown
	protectUnresolved []Notice
	leavers           map[string][]policies.Leaver
	unsupported       []Unsupported
	absent            []Absent
	errors, warnings  []Notice
	// swallows are warnings of an until that has no effect.
	swallows []Notice
	suspends []Notice
	bound    []*resolution
}

// candidate is one way in which a grant reaches a pair.
type candidate struct {
	window Window
	// circular says that it follows from itself alone, and so gives nothing (S34).
	circular bool
	*given
}

// given is what the candidates have in common by which a grant reaches somebody in one
// way, at one time after another.
type given struct {
	role string
	// order is where in a cycle of turns whoever joins comes; weighted says that the role
	// says how many turns within a cycle.
	order    *float64
	weighted bool
	// by is one, as a slice that grants may have for theirs.
	by       []By
	schedule string
	// fact is what of PagerDuty it follows from; nil if from nothing there.
	fact *inventory.Ref
	// refused says why it gives nothing though it is in force; may be empty.
	refused string
}

// limit is a limit with its references resolved.
type limit struct {
	users map[string][]Window
	// kind and id are the resource's; an empty id is every resource of the kind.
	kind   inventory.Kind
	id     string
	atMost string
	reason string
	by     By
}

func (l limit) covers(p Pair) bool {
	return l.kind == p.Resource.Kind && (l.id == "" || l.id == p.Resource.ID)
}

// protect is a protect statement with its references resolved.
type protect struct {
	Protection
	users map[string][]Window // nil for everybody
	until time.Time           // zero for always
}

// Expand resolves and expands what the statements say.
func Expand(in Input) *Expansion {
	x := newExpander(in)
	e := &Expansion{
		in:         in,
		index:      x.resolver.index,
		candidates: ByPair[[]candidate]{},
		named:      map[Target][]policies.Origin{},
		mayEmpty:   map[Target][]policies.Empty{},
		limitsOn:   map[string][]int{},
		leavers:    map[string][]policies.Leaver{},
		links:      map[link][]policies.Origin{},
		uses:       newUses(),
		facts:      map[inventory.Ref][]use{},
	}
	a := assembly{x, e}
	for _, g := range in.Statements.Groups {
		x.group(g.Name, g.Origins, false)
	}
	x.limitsOnUndeclared()
	e.declaredTwice()
	a.lookUps()
	for _, g := range in.Statements.Grants {
		a.grant(g)
	}
	for _, s := range in.Statements.Empties {
		a.empty(s)
	}
	for _, l := range in.Statements.Limits {
		a.limit(l)
	}
	for _, p := range in.Statements.Protects {
		a.protect(p)
	}
	for _, l := range in.Statements.Leavers {
		a.leaver(l)
	}
	a.finish()
	return e
}

// declaredTwice warns of groups that several statements declare otherwise: only
// one description or owner is shown.
func (e *Expansion) declaredTwice() {
	first := map[string]policies.Group{}
	for _, g := range e.in.Statements.Groups {
		other, twice := first[g.Name]
		if !twice {
			first[g.Name] = g
			continue
		}
		where, see := "", ""
		if len(other.Origins) > 0 {
			see = fmt.Sprintf("%s:%d", other.Origins[0].File, other.Origins[0].Line)
			where = " at " + see
		}
		for _, o := range g.Origins {
			n := groupReason(policies.CodeDuplicateGroup, g.Name, "group %q is declared a second time with another description or owner; the first is%s: "+
				"keep one, members may be added from anywhere", g.Name, where).at(o)
			n.See = see
			e.warnings = append(e.warnings, n)
		}
	}
}

// Index finds the things of the snapshot by name.
func (e *Expansion) Index() *inventory.Index { return e.index }

func (e *Expansion) warn(why reason, origins []policies.Origin) {
	for _, o := range origins {
		e.warnings = append(e.warnings, why.at(o))
	}
}

// allSwallowed looks for every until that has no effect.
func (e *Expansion) allSwallowed() {
	e.swallows = nil
	for _, on := range e.candidates {
		for _, cs := range on {
			e.swallowed(cs)
		}
	}
}

// allWarnings are the warnings, sorted.
func (e *Expansion) allWarnings() []Notice {
	all := slices.Concat(e.warnings, e.swallows)
	slices.SortFunc(all, compareNotices)
	return slices.Compact(all)
}

// swallowed warns of an until that has no effect, since a permanent grant gives
// as much (S19).
func (e *Expansion) swallowed(sorted []candidate) {
	for _, permanent := range sorted {
		if permanent.window != (Window{}) || permanent.refused != "" || permanent.circular {
			continue
		}
		for _, c := range sorted {
			if c.window.UntilKind == BoundDate && c.role == permanent.role {
				by := permanent.by[0]
				e.swallows = append(e.swallows, Notice{Code: policies.CodePointlessUntil, See: fmt.Sprintf("%s:%d", by.File, by.Line), Origin: c.by[0].Origin, Message: fmt.Sprintf(
					"the until of this grant has no effect: %s:%d gives %s permanently", by.File, by.Line, c.role)})
			}
		}
		return
	}
}
