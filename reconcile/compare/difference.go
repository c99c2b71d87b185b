package compare

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Difference is what other policies do on one snapshot: who is to have more or
// less access than before, what the plan then does about it, and what begins or
// ends besides. Its JSON form is documented with that of the plan.
type Difference struct {
	Version int       `json:"version"`
	Account string    `json:"account"`
	Now     time.Time `json:"now"`
	TakenAt time.Time `json:"taken_at"`
	Before  Side      `json:"before"`
	After   Side      `json:"after"`
	// Access are the pairs for which the policies ask for something else.
	Access []AccessDifference `json:"access"`
	// Consequences are the pairs for which they ask for the same, and the plan
	// does something else.
	Consequences []Consequence `json:"consequences"`
	// Turns are people who neither join nor leave a schedule and whose turns the plan
	// moves, where it did not before.
	Turns []MovedTurns `json:"turns"`
	// Holds are the reasons for which changes are held that were not before.
	Holds     []Hold                 `json:"holds"`
	Findings  Moved[plan.Finding]    `json:"findings"`
	Unknown   Moved[desired.Unknown] `json:"unknown"`
	Absent    Moved[desired.Absent]  `json:"absent"`
	Errors    Moved[desired.Notice]  `json:"errors"`
	Warnings  Moved[desired.Notice]  `json:"warnings"`
	Suspended Moved[desired.Notice]  `json:"suspended"`
	// Protections are those in force: one that goes may let later plans change
	// what this one does not.
	Protections Moved[Guarded] `json:"protections"`
	// Later is what differs after the present moment and before Foreseen, which is null
	// where no forecasts were compared.
	Foreseen *time.Time `json:"foreseen"`
	Later    []Later    `json:"later"`
	// NotForeseen is why what differs later is unknown; empty if it is known.
	NotForeseen string `json:"not_foreseen"`
	// Stated is what the policies say otherwise and what shows in nothing above.
	Stated Moved[Stated] `json:"stated"`
	// Rules are those that are written otherwise, and Data the files of data that hold
	// other values, whatever comes of them.
	Rules []RuleChange `json:"rules"`
	Data  []string     `json:"data"`
	// Settings are the keys of the configuration with other values.
	Settings []Setting `json:"settings"`
	// Names are as in a plan.
	Names   map[string]string `json:"names"`
	Summary DifferenceSummary `json:"summary"`
}

// Setting is a key of the configuration with another value.
type Setting struct {
	Key string `json:"key"`
	// Before and After are the values as they are written; empty where there is none.
	Before string `json:"before"`
	After  string `json:"after"`
}

// Side is one of the two plans.
type Side struct {
	Revision string       `json:"revision"`
	Summary  plan.Summary `json:"summary"`
}

// AccessDifference is one pair for which the policies ask for something else.
type AccessDifference struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Layer    string        `json:"layer"`
	// Before and After are the roles asked for, "none" where there is none. They
	// are equal where only the end differs.
	Before string `json:"before"`
	After  string `json:"after"`
	// Effect is empty where the roles are equal.
	Effect plan.Effect `json:"effect"`
	// UntilBefore and UntilAfter are the ends; null where there is none.
	UntilBefore *time.Time `json:"until_before"`
	UntilAfter  *time.Time `json:"until_after"`
	// By are the rules that give After; if nothing does, those that gave Before.
	By        []desired.By         `json:"by"`
	LimitedBy []desired.Limitation `json:"limited_by"`
	// Override is the one that it is about; null for all else.
	Override *plan.OverrideShift `json:"override"`
	// Was and Then are what the plans do about the pair.
	Was  Outcome `json:"was"`
	Then Outcome `json:"then"`
}

// MovedTurns is a person whose turns on a schedule move.
type MovedTurns struct {
	Schedule inventory.Ref `json:"schedule"`
	oncall.Displaced
}

// Consequence is a pair for which the plan does something else.
type Consequence struct {
	User     string        `json:"user"`
	Resource inventory.Ref `json:"resource"`
	Layer    string        `json:"layer"`
	Was      Outcome       `json:"was"`
	Then     Outcome       `json:"then"`
}

// OutcomeState says what a plan does about a pair.
type OutcomeState string

// Outcome is what a plan does about a pair.
type Outcome struct {
	State OutcomeState `json:"state"`
	// Key is the change's; empty if there is none.
	Key string `json:"key"`
	// Before and After are the change's roles.
	Before string `json:"before"`
	After  string `json:"after"`
	// Code is why it is held, blocked or left as it is, Rule the semantics' rule that holds it.
	Code code.Code `json:"code"`
	Rule string    `json:"rule"`
	Why  string    `json:"why"`
	// change is the change; zero if there is none.
	change plan.Change
}

// Hold is why changes are held.
type Hold struct {
	Code code.Code `json:"code"`
	Rule string    `json:"rule"`
	Why  string    `json:"why"`
	// Changes counts those that were not held before.
	Changes int `json:"changes"`
}

// Moved is what begins and what ends.
type Moved[T any] struct {
	Begins []T `json:"begins"`
	Ends   []T `json:"ends"`
}

// Guarded is a protection in force.
type Guarded struct {
	// Resource is by id; zero for every resource.
	Resource inventory.Ref `json:"resource"`
	Role     string        `json:"role"`
	// People counts whom it is about, and Users are their ids; -1 and none is everybody.
	People int             `json:"people"`
	Users  []string        `json:"users"`
	Reason string          `json:"reason"`
	Origin policies.Origin `json:"origin"`
}

// DifferenceSummary counts a difference.
type DifferenceSummary struct {
	// Raise and Lower count the pairs that are to get more and less, Until those
	// whose end alone differs.
	Raise        int `json:"raise"`
	Lower        int `json:"lower"`
	Until        int `json:"until"`
	Consequences int `json:"consequences"`
	// Held counts the changes that are held and were not before.
	Held          int `json:"held"`
	FindingsBegin int `json:"findings_begin"`
	FindingsEnd   int `json:"findings_end"`
	ErrorsBegin   int `json:"errors_begin"`
	UnknownsBegin int `json:"unknowns_begin"`
	WarningsBegin int `json:"warnings_begin"`
	AbsentBegin   int `json:"absent_begin"`
	SuspendsBegin int `json:"suspends_begin"`
	// Turns counts the people whose turns move on a schedule.
	Turns int `json:"turns"`
	// Later counts the pairs for which something differs later, LaterRaise and LaterLower
	// those of them that get more or less and not merely at another time.
	Later      int `json:"later"`
	LaterRaise int `json:"later_raise"`
	LaterLower int `json:"later_lower"`
	Stated     int `json:"stated"`
	Rules      int `json:"rules"`
	Data       int `json:"data"`
	Settings   int `json:"settings"`
}

// Configured adds the keys of the configuration that have other values.
func (d *Difference) Configured(settings []Setting) {
	d.Settings = plan.OrEmpty(settings)
	d.Summary.Settings = len(settings)
}

// Empty says that nothing at all differs.
func (d *Difference) Empty() bool {
	s := d.Summary
	return s == DifferenceSummary{} && len(d.Errors.Ends)+len(d.Warnings.Ends)+len(d.Absent.Ends)+len(d.Unknown.Ends)+len(d.Suspended.Ends)+len(d.Protections.Begins)+len(d.Protections.Ends) == 0 && d.NotForeseen == ""
}

// consequences notes the pairs that are asked for as before and for which the
// plan does something else.
func (d *Difference) consequences(was, then map[outcomeKey]Outcome, differing map[desired.Pair]bool) {
	note := func(key outcomeKey, a, b Outcome) {
		if key.key != "" && (a.State == OutcomeNone || b.State == OutcomeNone) {
			d.Access = append(d.Access, overrideDifference(key.Pair, a, b))
			return
		}
		if differing[key.Pair] || a.State == b.State && a.After == b.After && (a.State != OutcomeHeld || a.Code == b.Code) {
			return
		}
		d.Consequences = append(d.Consequences, Consequence{User: key.User, Resource: key.Resource, Layer: key.Layer, Was: a, Then: b})
	}
	nothing := Outcome{State: OutcomeNone}
	for key, o := range was {
		if _, stays := then[key]; !stays {
			note(key, o, nothing)
		}
	}
	for key, o := range then {
		if before, ok := was[key]; ok {
			note(key, before, o)
		} else {
			note(key, nothing, o)
		}
	}
	slices.SortStableFunc(d.Access, func(a, b AccessDifference) int {
		return desired.ComparePairs(desired.Pair{User: a.User, Resource: a.Resource, Layer: a.Layer}, desired.Pair{User: b.User, Resource: b.Resource, Layer: b.Layer})
	})
	slices.SortFunc(d.Consequences, func(a, b Consequence) int {
		return cmp.Or(desired.ComparePairs(
			desired.Pair{User: a.User, Resource: a.Resource, Layer: a.Layer},
			desired.Pair{User: b.User, Resource: b.Resource, Layer: b.Layer},
		), cmp.Compare(a.Then.Key, b.Then.Key), cmp.Compare(a.Was.Key, b.Was.Key))
	})
}

// overrideDifference is an override that only one of the plans makes or takes back.
func overrideDifference(pair desired.Pair, was, then Outcome) AccessDifference {
	c, asked := then.change, then
	if then.State == OutcomeNone {
		c, asked = was.change, Outcome{Before: was.After, After: was.Before}
	}
	d := AccessDifference{
		User: pair.User, Resource: pair.Resource, Layer: pair.Layer, Before: asked.Before, After: asked.After,
		By: plan.OrEmpty(c.By), LimitedBy: plan.OrEmpty(c.LimitedBy), Override: c.Override, Was: was, Then: then, Effect: plan.Raise,
	}
	if d.After == inventory.None {
		d.Effect = plan.Lower
	}
	return d
}

// displaced are the people whose turns one plan moves and the other does not, those of
// edits that are not enforced or held included.
func displaced(before, after *plan.Plan) []MovedTurns {
	of := func(p *plan.Plan) []MovedTurns {
		var all []MovedTurns
		for _, e := range slices.Concat(p.Edits, p.WouldEdit) {
			for _, m := range e.Displaced {
				all = append(all, MovedTurns{e.Schedule, m})
			}
		}
		return all
	}
	m := moved(of(before), of(after), func(m MovedTurns) any { return m }).Begins
	slices.SortStableFunc(m, func(a, b MovedTurns) int {
		return cmp.Or(cmp.Compare(a.Schedule.ID, b.Schedule.ID), a.Since.Compare(b.Since), cmp.Compare(a.User, b.User))
	})
	return slices.CompactFunc(m, func(a, b MovedTurns) bool { return a.Schedule == b.Schedule && a.User == b.User && a.Part == b.Part })
}

// holds counts what is held by reason, where it was not held before.
func (d *Difference) holds() {
	d.Holds = []Hold{}
	note := func(was, then Outcome) {
		if then.State != OutcomeHeld || was.State == OutcomeHeld && was.Key == then.Key {
			return
		}
		i := slices.IndexFunc(d.Holds, func(h Hold) bool { return h.Code == then.Code && h.Why == then.Why })
		if i < 0 {
			i = len(d.Holds)
			d.Holds = append(d.Holds, Hold{Code: then.Code, Rule: then.Rule, Why: then.Why})
		}
		d.Holds[i].Changes++
	}
	for _, a := range d.Access {
		note(a.Was, a.Then)
	}
	for _, c := range d.Consequences {
		note(c.Was, c.Then)
	}
}

// name says what people call whatever the difference refers to by id.
func (d *Difference) name(x *inventory.Index) {
	p := &plan.Plan{Names: d.Names}
	for _, a := range d.Access {
		p.Name(x, inventory.ByID(inventory.KindUser, a.User))
		p.Name(x, a.Resource)
	}
	for _, g := range slices.Concat(d.Protections.Begins, d.Protections.Ends) {
		p.Name(x, g.Resource)
		for _, user := range g.Users {
			p.Name(x, inventory.ByID(inventory.KindUser, user))
		}
	}
	for _, m := range d.Turns {
		p.Name(x, m.Schedule)
		p.Name(x, inventory.ByID(inventory.KindUser, m.User))
	}
}

func (d *Difference) count() {
	s := &d.Summary
	for _, a := range d.Access {
		switch a.Effect {
		case plan.Raise:
			s.Raise++
		case plan.Lower:
			s.Lower++
		default:
			s.Until++
		}
	}
	for _, h := range d.Holds {
		s.Held += h.Changes
	}
	s.Consequences, s.Turns = len(d.Consequences), len(d.Turns)
	s.FindingsBegin, s.FindingsEnd = len(d.Findings.Begins), len(d.Findings.Ends)
	s.ErrorsBegin, s.WarningsBegin = len(d.Errors.Begins), len(d.Warnings.Begins)
	s.AbsentBegin = len(d.Absent.Begins)
	s.UnknownsBegin, s.SuspendsBegin = len(d.Unknown.Begins), len(d.Suspended.Begins)
}
