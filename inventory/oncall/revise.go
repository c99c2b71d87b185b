package oncall

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Revision is a change of who takes turns on one part of a schedule: a layer,
// or an event of a shift-based schedule.
type Revision struct {
	// Part is the id of the layer or event, or of an earlier one of its Line.
	Part string `json:"part"`
	// Join are user ids in the order in which they are appended; who takes turns
	// already is passed over.
	Join []string `json:"join"`
	// Leave are user ids; who takes no turns is passed over.
	Leave []string `json:"leave"`
	// Gone are those of Leave who were deleted: their turn under way is nobody's, and
	// can be taken over at once.
	Gone []string `json:"gone"`
	// Weights are how many turns within a cycle people are to have, by user id, whether
	// they join or take turns already; whoever is not named keeps as many as they have,
	// and has one as a newcomer. Only layers know that.
	Weights map[string]int `json:"weights,omitempty"`
	// Earliest is the moment before which nothing changes; zero is now.
	Earliest time.Time `json:"earliest"`
	// LeaveEmpty leaves the slots of those who leave to nobody, so that no one
	// else's turn moves, instead of closing them up. Only events know that.
	LeaveEmpty bool `json:"leave_empty"`
}

// Revised is a schedule with other people taking turns, and the way there.
type Revised struct {
	// Schedule has the definition afterwards: parts that PagerDuty is yet to make
	// have no id. Shifts, Coverage and Users are as before; see Rerender.
	Schedule inventory.Schedule `json:"schedule"`
	// Changes say of each revision that changes something what becomes of its
	// part, in the order of the revisions.
	Changes []PartChange `json:"changes"`
	// Steps are the writes, in order; none if nothing is to change.
	Steps []Step `json:"steps"`
	// Displaced are the people whose turns change although they neither join nor
	// leave, by part and then by when that begins.
	Displaced []Displaced `json:"displaced"`
}

// PartChange is what becomes of one layer or event.
type PartChange struct {
	// Part is the id of the layer or event that was revised: the last of its
	// line, where the revision named an earlier one.
	Part string `json:"part"`
	Name string `json:"name"`
	// Successor says that Part ends when the change takes effect, and another of
	// the same name goes on, whose id PagerDuty will give.
	Successor bool `json:"successor"`
	// Effective is the handoff from which the new order holds. Until then
	// everybody's turns are what they were.
	Effective time.Time `json:"effective"`
	// Before and After are who takes turns, in the order of turns.
	Before []string `json:"before"`
	After  []string `json:"after"`
}

// Displaced is somebody whose turns change although they neither join nor
// leave.
type Displaced struct {
	User string `json:"user"`
	Part string `json:"part"`
	// Since is the first moment at which they are on call and would not have
	// been, or the other way round.
	Since time.Time `json:"since"`
	// Turns are how many of their turns on the schedule within Counted from now are not
	// as they were: they begin or end at another time, fall away or are new.
	Turns int `json:"turns"`
	// Why says what moves them: a cycle that gets longer or shorter, which no
	// arrangement avoids.
	Why string `json:"why"`
}

// RefusedError says that a revision can't be made, and which bound stands in
// its way.
type RefusedError struct {
	Schedule string // its name
	Part     string // the id asked for
	Reason   Reason
	Message  string
}

// Reason is why a revision can't be made.
type Reason string

// The reasons for refusing a revision.
const (
	UnknownPart   Reason = "unknown_part"   // no such layer or event
	EndedPart     Reason = "ended_part"     // it has ended, or ends before a change could take effect
	NobodyLeft    Reason = "nobody_left"    // it would lose everybody
	TooManyPeople Reason = "too_many"       // more members than an event takes
	TooManyEvents Reason = "too_many_parts" // more events than a rotation takes
	TooFarAhead   Reason = "too_far_ahead"  // later than an event can begin
	NotPossible   Reason = "not_possible"   // asked of the wrong kind of part
	DesertedPart  Reason = "deserted_part"  // another layer has nobody, and PagerDuty refuses it
)

// Error says what can't be done, to what, and why.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("schedule %q: %s: %s", e.Schedule, e.Part, e.Message)
}

// Revise changes who takes turns, so that nobody's turn moves that need not:
//
//   - Nothing changes before the next handoff, or the first after Earliest.
//     Somebody on call who leaves, leaves after their turn.
//   - Handoff times stay, and so does the order of those who stay.
//   - Who joins while somebody leaves takes over their turns: no one else's
//     moves. On an event, slots that are empty are filled next, likewise.
//   - Other newcomers are appended: they come once everybody has had a turn, the
//     present one counted where a layer is edited as it stands, and the next from
//     the handoff on where a successor begins. Until the first of them does, all
//     turns are what they were; from there those who stay come later by the turns
//     of newcomers.
//   - Turns that somebody is to have beyond those they have are appended likewise, and of
//     turns too many the last are closed up.
//   - A layer that has nobody is filled from the turn under way on, or from its next
//     handoff where that would take over from somebody on another layer.
//   - Slots of others who leave are closed up, once their turn would have come;
//     until then all turns are what they were.
//
// An error is a *RefusedError, or says that the schedule does not render.
func Revise(s inventory.Schedule, revisions []Revision, now time.Time) (Revised, error) {
	r := &reviser{before: s, after: cloneDefinition(s), now: now.UTC()}
	for i, v := range revisions {
		if slices.ContainsFunc(revisions[:i], func(w Revision) bool { return r.lastOf(w.Part) == r.lastOf(v.Part) }) {
			return Revised{}, r.refuse(v.Part, NotPossible, "it is named twice: say of each part once who joins and who leaves")
		}
		if err := r.revise(v); err != nil {
			return Revised{}, err
		}
	}
	return r.revised()
}

// reviser is one call of Revise.
type reviser struct {
	before, after inventory.Schedule
	now           time.Time
	changes       []PartChange
	events        []Step
	revisions     []Revision // those that changes belong to
}

func (r *reviser) revise(v Revision) error {
	switch r.before.Kind {
	case inventory.ScheduleOfLayers:
		return r.reviseLayer(v)
	case inventory.ScheduleOfShifts:
		return r.reviseEvent(v)
	}
	return fmt.Errorf("%q is not a kind of schedule: expected %q or %q",
		r.before.Kind, inventory.ScheduleOfLayers, inventory.ScheduleOfShifts)
}

// lastOf is the id of the layer or event that ends the line which one belongs
// to; its own id if it is unknown.
func (r *reviser) lastOf(id string) string {
	for _, l := range Lines(r.before, time.Time{}) {
		if l.Has(id) {
			return l.ID
		}
	}
	return id
}

func (r *reviser) refuse(part string, reason Reason, format string, args ...any) error {
	return &RefusedError{Schedule: r.before.Name, Part: part, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func (r *reviser) revised() (Revised, error) {
	out := Revised{Schedule: r.after, Changes: r.changes, Steps: r.events, Displaced: []Displaced{}}
	if len(r.changes) > 0 && r.before.Kind == inventory.ScheduleOfLayers {
		if err := r.deserted(); err != nil {
			return Revised{}, err
		}
		out.Steps = []Step{{Does: PutLayers, Layers: r.after.Layers}}
	}
	if out.Changes == nil {
		out.Changes, out.Steps = []PartChange{}, []Step{}
	}
	for i, c := range r.changes {
		moved, err := r.displaced(c, r.revisions[i])
		if err != nil {
			return Revised{}, err
		}
		out.Displaced = append(out.Displaced, moved...)
	}
	return out, r.displacedOnCall(&out)
}

// cloneDefinition is s with layers and rotations of its own.
func cloneDefinition(s inventory.Schedule) inventory.Schedule {
	s.Layers = slices.Clone(s.Layers)
	s.Rotations = slices.Clone(s.Rotations)
	for i := range s.Rotations {
		s.Rotations[i].Events = slices.Clone(s.Rotations[i].Events)
	}
	return s
}

// Rerender is s with Shifts, Coverage and Users as they follow from its
// definition, over a window.
func Rerender(s inventory.Schedule, w inventory.Window) (inventory.Schedule, error) {
	shifts, err := Render(s, w.Since, w.Until)
	if err != nil {
		return s, err
	}
	s.Shifts, s.Coverage = shifts, Coverage(shifts, w.Since, w.Until)
	s.Users = []string{}
	for _, l := range s.Layers {
		s.Users = append(s.Users, l.Users...)
	}
	for _, r := range s.Rotations {
		for _, e := range r.Events {
			for _, m := range e.Assignment.Members {
				if m != nil {
					s.Users = append(s.Users, *m)
				}
			}
		}
	}
	slices.Sort(s.Users)
	s.Users = slices.Compact(s.Users)
	return s, nil
}
