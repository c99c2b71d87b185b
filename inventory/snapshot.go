// Package inventory is what is: the snapshot of a PagerDuty account, the
// references that name things in it, and pure edits of it.
//
// The snapshot's JSON form is the policies' input, so its JSON tags are a
// published contract. Nothing here speaks to the network or knows Rego.
package inventory

import (
	"slices"
	"time"
)

// Snapshot is what PagerDuty holds at one moment. Maps are keyed by PagerDuty
// id. Every collection is present, empty rather than null; times are UTC and
// whole seconds. Normalize brings any snapshot to that form.
type Snapshot struct {
	Account Account `json:"account"`
	// Now is the time an evaluation is for: Account.TakenAt unless another
	// moment was asked for.
	Now                time.Time                   `json:"now"`
	Users              map[string]User             `json:"users"`
	Teams              map[string]Team             `json:"teams"`
	Schedules          map[string]Schedule         `json:"schedules"`
	EscalationPolicies map[string]EscalationPolicy `json:"escalation_policies"`
	Services           map[string]Service          `json:"services"`
	Licenses           map[string]License          `json:"licenses"`
	// OnCalls is PagerDuty's own answer to who is on call at TakenAt, which
	// knows escalation policies only.
	OnCalls []OnCall `json:"on_calls"`
}

// Account is the account as a whole and how the snapshot of it was taken.
type Account struct {
	// Name is the account's name in the configuration.
	Name string `json:"name"`
	// Region is "us" or "eu".
	Region string `json:"region"`
	// TakenAt is the Date of the first response, PagerDuty's clock.
	TakenAt time.Time `json:"taken_at"`
	// Window is the span that Schedule.Shifts cover.
	Window Window `json:"window"`
	// Abilities are the account's abilities, sorted; empty when unreadable.
	Abilities []string `json:"abilities"`
	// Complete says that everything mandatory was read and counted. A snapshot
	// that is not complete is never a reason to lower anything.
	Complete bool `json:"complete"`
	// Missing lists what of the mandatory parts could not be read, and why.
	Missing []Missing `json:"missing"`
	// Unavailable lists the optional parts that could not be read: "abilities",
	// "licenses", "maintenance", "services".
	Unavailable []string `json:"unavailable"`
	// DeletedUsers counts the people marked as deleted, who are left out.
	DeletedUsers int `json:"deleted_users"`
}

// Window is a half-open span of time.
type Window struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// Missing is a mandatory part of the account that could not be read completely.
type Missing struct {
	// What names the part as a person would: "users", "members of team Payments".
	What string `json:"what"`
	// Reason says why, with the numbers where there are any.
	Reason string `json:"reason"`
	// Resource is the resource, as a reference by id ("team:#PABC123"), whose
	// pairs are unknown because of it; empty where it is about more or less than one.
	Resource Ref `json:"resource"`
}

// User is a person with an account. People marked as deleted are left out.
type User struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	// BaseRole is the API's name of the role on the account: owner, admin, user,
	// limited_user, observer, restricted_access, read_only_user,
	// read_only_limited_user.
	BaseRole    string `json:"base_role"`
	JobTitle    string `json:"job_title"`
	TimeZone    string `json:"time_zone"`
	Description string `json:"description"`
	// Invited says that an invitation is outstanding.
	Invited bool `json:"invited"`
	// Teams maps team id to team role.
	Teams             map[string]string  `json:"teams"`
	ContactMethods    []ContactMethod    `json:"contact_methods"`
	NotificationRules []NotificationRule `json:"notification_rules"`
	// License is the id of the license allocated to this person; null where
	// PagerDuty does not say.
	License *string `json:"license"`
}

// ContactMethod says that a way to reach a person exists, never the address.
type ContactMethod struct {
	// Type is the API's type, e.g. "email_contact_method".
	Type  string `json:"type"`
	Label string `json:"label"`
	// Blocked says that PagerDuty sends nothing to it: it is turned off, or refused
	// by whoever it belongs to.
	Blocked bool `json:"blocked"`
}

// NotificationRule says when PagerDuty tries which way of reaching a person.
type NotificationRule struct {
	DelayMinutes int `json:"delay_minutes"`
	// Urgency is "high" or "low".
	Urgency string `json:"urgency"`
	// Contact is the type of the contact method used, as ContactMethod.Type.
	Contact string `json:"contact"`
	// Blocked says that PagerDuty sends nothing to that contact method.
	Blocked bool `json:"blocked"`
}

// Team is a team with its members.
type Team struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// Parent is the parent team's id, or null.
	Parent *string `json:"parent"`
	// DefaultRole is the team role of people who are not members; "none" makes
	// the team private.
	DefaultRole string `json:"default_role"`
	// Members maps user id to team role: manager, responder, observer.
	Members map[string]string `json:"members"`
}

// The two kinds of schedule.
const (
	ScheduleOfLayers = "layers" // layer-based, /schedules
	ScheduleOfShifts = "shifts" // shift-based, /v3/schedules
)

// Schedule is an on-call schedule of either kind, with PagerDuty's own
// rendering of it over Account.Window.
type Schedule struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// Kind is ScheduleOfLayers or ScheduleOfShifts.
	Kind string `json:"kind"`
	// TimeZone is an IANA name.
	TimeZone           string   `json:"time_zone"`
	Teams              []string `json:"teams"`
	EscalationPolicies []string `json:"escalation_policies"`
	// Users are all people on the schedule's layers or rotations, sorted.
	Users []string `json:"users"`
	// Layers are lowest precedence first; empty on shift-based schedules.
	Layers []Layer `json:"layers"`
	// Rotations are empty on layer-based schedules.
	Rotations    []Rotation    `json:"rotations"`
	CustomShifts []CustomShift `json:"custom_shifts"`
	// Overrides are in the order PagerDuty lists them: of two that overlap on a
	// layer-based schedule the later one wins.
	Overrides []Override `json:"overrides"`
	// Shifts are the final schedule as PagerDuty rendered it, clipped to
	// Account.Window, sorted by start, then user.
	Shifts []Shift `json:"shifts"`
	// Coverage is the share of the window with somebody on call, 0 to 100, to
	// two decimals, as PagerDuty says it.
	Coverage float64 `json:"coverage"`
}

// Layer is one layer of a layer-based schedule.
type Layer struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Start time.Time `json:"start"`
	// End is null for a layer that does not end.
	End *time.Time `json:"end"`
	// VirtualStart is the moment from which turns are counted.
	VirtualStart time.Time     `json:"virtual_start"`
	TurnSeconds  int           `json:"turn_seconds"`
	Users        []string      `json:"users"`
	Restrictions []Restriction `json:"restrictions"`
}

// Restriction limits a layer to a part of the day or week.
type Restriction struct {
	// Type is "daily_restriction" or "weekly_restriction".
	Type string `json:"type"`
	// StartTime is local wall time, "15:04:05".
	StartTime       string `json:"start_time"`
	DurationSeconds int    `json:"duration_seconds"`
	// StartDay is 1 (Monday) to 7 (Sunday) on weekly restrictions, else null.
	StartDay *int `json:"start_day"`
}

// Rotation is one rotation of a shift-based schedule.
type Rotation struct {
	ID     string  `json:"id"`
	Events []Event `json:"events"`
}

// Event is a recurring span of time in a rotation, and who covers it.
type Event struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Start and End are the first occurrence.
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
	TimeZone string    `json:"time_zone"`
	// Recurrence holds exactly one RRULE, and EXDATE or RDATE lines (RFC 5545).
	Recurrence     []string   `json:"recurrence"`
	EffectiveSince time.Time  `json:"effective_since"`
	EffectiveUntil *time.Time `json:"effective_until"`
	Assignment     Assignment `json:"assignment"`
	// StartsUnderWay says that of an occurrence under way at effective_since, the
	// member is on call from then on. Without it nobody is until the next occurrence.
	// PagerDuty's own final schedules tell which of the two an account has.
	StartsUnderWay bool `json:"starts_under_way"`
}

// Assignment says who covers an event's occurrences.
type Assignment struct {
	// Type is "rotating_member_assignment_strategy" or
	// "every_member_assignment_strategy".
	Type string `json:"type"`
	// Members are user ids in order; null stands for a slot left empty.
	Members []*string `json:"members"`
	// ShiftsPerMember is the number of occurrences in a turn; null where
	// everybody is on at once.
	ShiftsPerMember *int `json:"shifts_per_member"`
}

// CustomShift is an additional shift on a shift-based schedule.
type CustomShift struct {
	ID string `json:"id"`
	// User is null for a shift nobody covers.
	User  *string   `json:"user"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Override puts a person on call in place of what the schedule says.
type Override struct {
	ID string `json:"id"`
	// User takes over; null (shift-based only) leaves the slot empty.
	User  *string   `json:"user"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Replaces is the person replaced, on shift-based schedules.
	Replaces *string `json:"replaces"`
	// Rotation or CustomShift is what is overridden, on shift-based schedules.
	Rotation    *string `json:"rotation"`
	CustomShift *string `json:"custom_shift"`
}

// Shift is one person on call on a schedule for a half-open span of time.
type Shift struct {
	User  string    `json:"user"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Origin is what of the schedule makes the shift; null where PagerDuty does
	// not say.
	Origin *Origin `json:"origin"`
}

// Origin names what of a schedule makes a shift.
type Origin struct {
	// Kind is "layer", "override", "rotation" or "custom_shift".
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// EscalationPolicy says who is paged, level by level.
type EscalationPolicy struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Teams       []string `json:"teams"`
	Services    []string `json:"services"`
	// Repeat is how often the rules are gone through again.
	Repeat int              `json:"repeat"`
	Rules  []EscalationRule `json:"rules"`
}

// Targets are the targets of all levels.
func (p EscalationPolicy) Targets() []Target {
	var all []Target
	for _, rule := range p.Rules {
		all = append(all, rule.Targets...)
	}
	return all
}

// TeamsOf are the teams on which PagerDuty puts whoever is on a schedule, sorted.
func (s *Snapshot) TeamsOf(schedule string) []string {
	teams := slices.Clone(s.Schedules[schedule].Teams)
	for _, p := range s.EscalationPolicies {
		if slices.Contains(p.Targets(), Target{Type: "schedule", ID: schedule}) {
			teams = append(teams, p.Teams...)
		}
	}
	slices.Sort(teams)
	return slices.Compact(teams)
}

// EscalationRule is one level; the first is level 1.
type EscalationRule struct {
	DelayMinutes int `json:"delay_minutes"`
	// Strategy is AssignToEveryone or RoundRobin.
	Strategy string   `json:"strategy"`
	Targets  []Target `json:"targets"`
}

// The two ways in which a level is assigned.
const (
	AssignToEveryone = "assign_to_everyone"
	RoundRobin       = "round_robin" // to one target after the other
)

// Target is a person or a schedule of either kind on a level.
type Target struct {
	// Type is "user" or "schedule".
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Service is what an incident happens to.
type Service struct {
	ID               string   `json:"id"`
	Name             string   `json:"name"`
	Description      string   `json:"description"`
	EscalationPolicy string   `json:"escalation_policy"`
	Teams            []string `json:"teams"`
	Status           string   `json:"status"`
	// Urgency is the urgency of its incidents.
	Urgency ServiceUrgency `json:"urgency"`
	// SupportHours are null where the service has none.
	SupportHours *SupportHours `json:"support_hours"`
	// RaisedAtSupportHours says that incidents of low urgency become ones of high
	// urgency once support hours begin.
	RaisedAtSupportHours bool `json:"raised_at_support_hours"`
	// Maintenance are the windows, not yet over, in which the service makes no
	// incidents, in order.
	Maintenance []Window `json:"maintenance"`
}

// The urgencies of a service's incidents. By severity, it is that of each event.
const (
	UrgencyHigh       = "high"
	UrgencyLow        = "low"
	UrgencyBySeverity = "severity_based"
)

// ServiceUrgency is the urgency of a service's incidents within and outside its
// support hours. The two are the same where it does not go by them.
type ServiceUrgency struct {
	During  string `json:"during_support_hours"`
	Outside string `json:"outside_support_hours"`
}

// SupportHours are the same hours on some days of the week.
type SupportHours struct {
	TimeZone string `json:"time_zone"`
	// Days are 1 (Monday) to 7 (Sunday), sorted.
	Days []int `json:"days"`
	// StartTime and EndTime are local wall time, "15:04:05".
	StartTime string `json:"start_time"`
	EndTime   string `json:"end_time"`
}

// License is a kind of seat.
type License struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// RoleGroup is "FullUser" or "Stakeholder".
	RoleGroup  string   `json:"role_group"`
	ValidRoles []string `json:"valid_roles"`
	// Available is how many seats are free; null means no limit.
	Available *int `json:"available"`
}

// OnCall is a row of PagerDuty's /oncalls.
type OnCall struct {
	User string `json:"user"`
	// Schedule is null for a person directly on the escalation policy.
	Schedule         *string `json:"schedule"`
	EscalationPolicy string  `json:"escalation_policy"`
	Level            int     `json:"level"`
	// Start and End are null for a person directly on the escalation policy.
	Start *time.Time `json:"start"`
	End   *time.Time `json:"end"`
}
