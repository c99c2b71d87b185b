package compare

import (
	"cmp"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
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
	// Was and Then are what the plans do about the pair.
	Was  Outcome `json:"was"`
	Then Outcome `json:"then"`
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
	// People counts whom it is about; -1 is everybody.
	People int             `json:"people"`
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
	// Later counts the pairs for which something differs later.
	Later    int `json:"later"`
	Stated   int `json:"stated"`
	Rules    int `json:"rules"`
	Data     int `json:"data"`
	Settings int `json:"settings"`
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
	slices.SortFunc(d.Consequences, func(a, b Consequence) int {
		return cmp.Or(desired.ComparePairs(
			desired.Pair{User: a.User, Resource: a.Resource, Layer: a.Layer},
			desired.Pair{User: b.User, Resource: b.Resource, Layer: b.Layer},
		), cmp.Compare(a.Then.Key, b.Then.Key), cmp.Compare(a.Was.Key, b.Was.Key))
	})
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
	s.Consequences = len(d.Consequences)
	s.FindingsBegin, s.FindingsEnd = len(d.Findings.Begins), len(d.Findings.Ends)
	s.ErrorsBegin, s.WarningsBegin = len(d.Errors.Begins), len(d.Warnings.Begins)
	s.AbsentBegin = len(d.Absent.Begins)
	s.UnknownsBegin, s.SuspendsBegin = len(d.Unknown.Begins), len(d.Suspended.Begins)
}
