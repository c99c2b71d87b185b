package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report/lines"
)

// Status says how a pair stands.
type Status string

// The statuses.
const (
	StatusNone       Status = "none"         // nothing held and nothing asked
	StatusAsAsked    Status = "as asked"     // PagerDuty holds what policies say
	StatusPlanned    Status = "planned"      // apply would change it
	StatusUnenforced Status = "not enforced" // due, and not allowed by the configuration
	StatusBlocked    Status = "blocked"      // due, and can't be made
	StatusHeld       Status = "held"         // due, and waits for a decision
	StatusUnknown    Status = "unknown"      // nobody can say what is asked
	StatusProtected  Status = "protected"    // kept as it is
	StatusExtra      Status = "extra"        // held without a policy, left alone
	StatusImplied    Status = "implied"      // PagerDuty gives it on its own
	StatusUnassigned Status = "unassigned"   // a base role that no policy gives
)

// Standing is how one person stands to one resource: what PagerDuty holds, what
// policies say, and what comes of the difference. Its JSON form is what
// `explain` and `who` print for programs; every key is present.
type Standing struct {
	// User is a PagerDuty id, Email the address.
	User  string `json:"user"`
	Email string `json:"email"`
	// Resource is "account" or a reference by id; Name is it by name.
	Resource inventory.Ref `json:"resource"`
	Name     string        `json:"name"`
	// Layer is the id of a layer or event; empty but on schedules.
	Layer string `json:"layer"`
	// At is the moment it is for.
	At time.Time `json:"at"`
	// Holds is the role in PagerDuty, Asked the role that policies give; "none".
	Holds string `json:"holds"`
	Asked string `json:"asked"`
	// From and Until bound the grant; null where it has no such end, or none that the
	// snapshot holds.
	From  *time.Time `json:"from"`
	Until *time.Time `json:"until"`
	// window is what they are from.
	window desired.Window
	// Status says how it stands, Why in a sentence; Why may be empty.
	Status Status `json:"status"`
	Why    string `json:"why"`
	// Unblock says what to do, where something is in the way.
	Unblock string `json:"unblock"`
	// Change is the key of the change that is due; empty if none is.
	Change string `json:"change"`
	// By are the rules that give Asked.
	By []desired.By `json:"by"`
	// Limited are the limits that keep Asked from being higher.
	Limited []desired.Limitation `json:"limited"`
	// Lost are grants that are not in force or were beaten.
	Lost []Lost `json:"lost"`
}

// Lost is a grant that did not win, and why.
type Lost struct {
	Role  string     `json:"role"`
	From  *time.Time `json:"from"`
	Until *time.Time `json:"until"`
	By    desired.By `json:"by"`
	Why   string     `json:"why"`

	toCome bool
}

// Standings answers how people stand to resources, from one round's results.
type Standings struct {
	snapshot *inventory.Snapshot
	access   *desired.Access
	index    *inventory.Index
	noted    map[desired.Pair]note
	// lost are the grants of a pair that did not win.
	lost func(desired.Pair) []desired.LostGrant
}

// note is what a plan says of a pair.
type note struct {
	status               Status
	why, unblock, change string
	by                   []desired.By
}

// NewStandings indexes a round's results.
func NewStandings(s *inventory.Snapshot, a *desired.Access, p *plan.Plan) *Standings {
	return &Standings{snapshot: s, access: a, index: inventory.NewIndex(s), noted: notes(p), lost: a.Lost}
}

// notes is what a plan says, by pair.
func notes(p *plan.Plan) map[desired.Pair]note {
	n := map[desired.Pair]note{}
	for _, user := range p.Unassigned {
		n[desired.Pair{User: user, Resource: inventory.AccountRef}] = note{status: StatusUnassigned, why: "no policy gives a base role, and absence removes nothing"}
	}
	for _, d := range p.Extra {
		n[desired.Pair{User: d.User, Resource: d.Resource, Layer: d.Layer}] = note{status: StatusExtra, why: d.Why}
	}
	for _, i := range p.Implied {
		n[desired.Pair{User: i.User, Resource: i.Resource}] = note{status: StatusImplied, why: i.Why}
	}
	for _, c := range p.Unenforced {
		n[c.Pair()] = note{status: StatusUnenforced, why: strings.TrimSuffix("`manage` in the configuration does not let it be made: "+ownReason(c), ": "), change: c.ID,
			unblock: "set `manage` for it to sync, or to grant-only for what raises"}
	}
	for _, c := range p.Changes {
		n[c.Pair()] = note{status: StatusPlanned, why: strings.TrimSuffix(cause(c)+": "+ownReason(c), ": "), change: c.ID}
	}
	for _, b := range p.Blocked {
		n[b.Pair()] = note{status: StatusBlocked, why: b.Why, unblock: b.Unblock, change: b.ID}
	}
	for _, h := range p.Held {
		n[h.Pair()] = note{status: StatusHeld, why: h.Why, unblock: h.Release, change: h.ID}
	}
	for _, q := range p.Protected {
		n[desired.Pair{User: q.User, Resource: q.Resource, Layer: q.Layer}] = note{status: StatusProtected, why: q.Reason, by: []desired.By{q.By}}
	}
	return n
}

// Of is how a person stands to a resource, both by id.
func (s *Standings) Of(pair desired.Pair) Standing {
	st := Standing{
		User: pair.User, Email: s.index.Name(inventory.KindUser, pair.User),
		Resource: pair.Resource, Name: s.placeName(pair), Layer: pair.Layer,
		At: s.access.At, Holds: plan.RoleHeld(s.snapshot, pair, s.access.At), Asked: inventory.None,
		By: []desired.By{}, Limited: []desired.Limitation{}, Lost: []Lost{},
	}
	grant, granted := s.access.Grants.Get(pair)
	if granted {
		st.Asked = grant.Role
		if !grant.Weighted && inventory.TurnsOf(grant.Role) > 0 && inventory.TurnsOf(st.Holds) > 0 {
			st.Asked = st.Holds // as many turns within a cycle as they have
		}
		st.window = grant.Window
		st.From, st.Until = bounds(grant.Window)
		st.By = append(st.By, grant.By...)
		st.Limited = append(st.Limited, grant.Limited...)
		st.Lost = lostOf(s.lost(pair))
	}
	if plan.KindOf(pair) == plan.Override {
		s.overrides(&st, pair)
	}
	s.status(&st, pair)
	s.beyond(&st, pair)
	return st
}

// beyond adds the limits that PagerDuty holds more than, where no grant is limited.
func (s *Standings) beyond(st *Standing, pair desired.Pair) {
	limit, limited := s.access.Cap(pair)
	if !limited || len(st.Limited) > 0 || inventory.CompareRoles(pair.Resource.Kind, st.Holds, limit.AtMost) <= 0 {
		return
	}
	st.Limited = append(st.Limited, limit.By...)
	more := fmt.Sprintf("limited to %s, and PagerDuty holds more", limit.AtMost)
	if st.Why == "" {
		st.Why = more
		return
	}
	st.Why = more + "; " + st.Why
}

func lostOf(grants []desired.LostGrant) []Lost {
	out := []Lost{}
	for _, l := range grants {
		out = append(out, Lost{Role: l.Role, From: moment(l.From), Until: moment(l.Until), By: l.By, Why: l.Why, toCome: l.ToCome})
	}
	return out
}

// status fills in how the pair stands.
func (s *Standings) status(st *Standing, pair desired.Pair) {
	if why := s.access.UnknownReason(pair); why != "" {
		st.Status, st.Why = StatusUnknown, why
		return
	}
	n, noted := s.noted[pair]
	switch {
	case noted:
		st.Status, st.Why, st.Unblock, st.Change = n.status, n.why, n.unblock, n.change
		if n.status == StatusProtected {
			st.By = append(st.By, n.by...)
		}
	case st.Holds == st.Asked && st.Holds == inventory.None:
		st.Status = StatusNone
	case st.Holds != st.Asked && len(s.access.Named[pair.Target()]) == 0:
		st.Status, st.Why = StatusExtra, "no policy names it, and what no policy names is left alone"
	case st.Holds == "owner" && st.Asked == inventory.None && pair.Resource.Kind == inventory.KindAccount:
		st.Status, st.Why = StatusExtra, "the base role of the account owner is not managed"
	default:
		st.Status = StatusAsAsked
	}
	s.untold(st)
	s.counted(st, pair)
}

// counted says that PagerDuty counts somebody as more than they hold on a team.
func (s *Standings) counted(st *Standing, pair desired.Pair) {
	base := s.snapshot.Users[pair.User].BaseRole
	if pair.Resource.Kind != inventory.KindTeam || base != "admin" && base != "owner" || st.Holds == "manager" || st.Status == StatusImplied {
		return
	}
	label := map[string]string{"admin": "an admin", "owner": "the account owner"}[base]
	st.Why = strings.TrimPrefix(st.Why+"; "+label+" counts as manager of every team, whatever is held there", "; ")
}

// untold makes unknown what rests on no rule giving something, where a rule failed that
// might have given it.
func (s *Standings) untold(st *Standing) {
	failed := s.access.Failed()
	if len(failed) == 0 || st.Asked != inventory.None {
		return
	}
	switch st.Status {
	case StatusNone, StatusExtra, StatusUnassigned, StatusAsAsked:
		st.Status, st.Why = StatusUnknown, strings.Join(failed, "; ")+", and what it would give is not known"
		st.Unblock = "fix the rule; `dutyward check` shows where it fails"
	}
}

// On is how everybody stands who holds or is to hold something on a resource,
// highest role first.
func (s *Standings) On(resource inventory.Ref) []Standing {
	pairs := map[desired.Pair]bool{}
	switch resource.Kind {
	case inventory.KindAccount:
		for id := range s.snapshot.Users {
			pairs[desired.Pair{User: id, Resource: resource}] = true
		}
	case inventory.KindTeam:
		for id := range s.snapshot.Teams[resource.ID].Members {
			pairs[desired.Pair{User: id, Resource: resource}] = true
		}
	case inventory.KindSchedule:
		pairs = s.turnPairs(resource)
	}
	for pair, g := range s.access.Grants.All() {
		if pair.Resource == resource && g.Role != inventory.None {
			pairs[pair] = true
		}
	}
	out := make([]Standing, 0, len(pairs))
	for pair := range pairs {
		out = append(out, s.Of(pair))
	}
	names := lines.NewOrder()
	slices.SortFunc(out, func(a, b Standing) int {
		return cmp.Or(names.Compare(a.Name, b.Name), inventory.CompareRoles(resource.Kind, highest(b), highest(a)), names.Compare(a.Email, b.Email))
	})
	return out
}

// highest is the higher of the roles held and asked.
func highest(s Standing) string {
	if inventory.CompareRoles(s.Resource.Kind, s.Asked, s.Holds) > 0 {
		return s.Asked
	}
	return s.Holds
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// On a schedule a person stands to each layer or event, and to the schedule's
// overrides.

// overrides fills in what policies ask for of a person's overrides: the first
// that has not ended.
func (s *Standings) overrides(st *Standing, pair desired.Pair) {
	for _, o := range s.access.Overrides {
		if o.Pair() != pair {
			continue
		}
		if st.From == nil {
			st.window = o.Window
			st.From, st.Until = bounds(o.Window)
		}
		st.By = append(st.By, o.By...)
		st.Limited = append(st.Limited, o.Limited...)
		if len(o.Limited) == 0 {
			st.Asked = desired.OverrideRole
		}
	}
}

// placeName is what people call a resource, with the layer or event.
func (s *Standings) placeName(pair desired.Pair) string {
	name := s.index.Named(pair.Resource)
	schedule := s.snapshot.Schedules[pair.Resource.ID]
	switch plan.KindOf(pair) {
	case plan.Override:
		return name + " overrides"
	case plan.Rotation:
		return name + " " + partName(schedule, pair.Layer)
	}
	return name
}

// partName is what people call a layer or event of a schedule.
func partName(schedule inventory.Schedule, id string) string {
	part := "layer"
	if schedule.Kind == inventory.ScheduleOfShifts {
		part = "event"
	}
	if line, ok := oncall.LineOf(schedule, id); ok && line.Name != "" {
		return part + " " + line.Name
	}
	return part + " #" + id
}

// turnPairs are the pairs of everybody who has turns or overrides on a schedule,
// or is to have them.
func (s *Standings) turnPairs(resource inventory.Ref) map[desired.Pair]bool {
	pairs := map[desired.Pair]bool{}
	schedule := s.snapshot.Schedules[resource.ID]
	for _, line := range oncall.Lines(schedule, s.access.At) {
		for _, user := range line.Members {
			pairs[desired.Pair{User: user, Resource: resource, Layer: line.ID}] = true
		}
	}
	for _, o := range plan.OverridesOn(schedule, s.access.At) {
		pairs[desired.Pair{User: o.User, Resource: resource}] = true
	}
	for _, o := range s.access.Overrides {
		if o.Schedule == resource.ID {
			pairs[o.Pair()] = true
		}
	}
	return pairs
}

// TurnsOf are the pairs of a person and a schedule that there is anything to say
// of; without any, those of all its layers or events.
func (s *Standings) TurnsOf(user string, resource inventory.Ref) []desired.Pair {
	var pairs, all []desired.Pair
	for _, line := range oncall.Lines(s.snapshot.Schedules[resource.ID], s.access.At) {
		pair := desired.Pair{User: user, Resource: resource, Layer: line.ID}
		all = append(all, pair)
		if _, granted := s.access.Grants.Get(pair); granted || line.Includes(user) {
			pairs = append(pairs, pair)
		}
	}
	if override := (desired.Pair{User: user, Resource: resource}); s.turnPairs(resource)[override] {
		pairs = append(pairs, override)
	}
	if len(pairs) == 0 {
		pairs = all
	}
	slices.SortFunc(pairs, desired.ComparePairs)
	return pairs
}
