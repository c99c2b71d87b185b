package events

import "github.com/dutyward/dutyward/inventory/code"

// The codes of events.
const (
	AccessRaised        code.Code = "event/access-raised"
	AccessLowered       code.Code = "event/access-lowered"
	ChangeFailed        code.Code = "event/change-failed"
	Held                code.Code = "event/held"
	HeldEnded           code.Code = "event/held-ended"
	EditHeld            code.Code = "event/edit-held"
	FindingBegan        code.Code = "event/finding"
	FindingEnded        code.Code = "event/finding-ended"
	Expiring            code.Code = "event/expiring"
	FirstRound          code.Code = "event/first-round"
	RoundEnded          code.Code = "event/round"
	RoundFailed         code.Code = "event/round-failed"
	RoundRetried        code.Code = "event/round-retried"
	RoundsSucceed       code.Code = "event/rounds-succeed"
	RoundIncomplete     code.Code = "event/round-incomplete"
	RoundComplete       code.Code = "event/round-complete"
	Handoff             code.Code = "event/handoff"
	AccountRead         code.Code = "event/account-read"
	FullRefresh         code.Code = "event/full-refresh"
	LoweringWaits       code.Code = "event/lowering-waits"
	PollingSlowed       code.Code = "event/polling-slowed"
	NoAuditTrail        code.Code = "event/no-audit-trail"
	UnrecordedChange    code.Code = "event/unrecorded-change"
	Paused              code.Code = "event/paused"
	Resumed             code.Code = "event/resumed"
	PoliciesBroken      code.Code = "event/policies-broken"
	PoliciesFixed       code.Code = "event/policies-fixed"
	ConfigurationBroken code.Code = "event/configuration-broken"
	ConfigurationFixed  code.Code = "event/configuration-fixed"
	LoweringSuspended   code.Code = "event/lowering-suspended"
	LoweringResumed     code.Code = "event/lowering-resumed"
	ClockDoubted        code.Code = "event/clock-doubted"
	ClockTrusted        code.Code = "event/clock-trusted"
	FaultBegan          code.Code = "event/fault"
	FaultEnded          code.Code = "event/fault-ended"
	Panicked            code.Code = "event/panic"
	AlarmBegan          code.Code = "event/alarm"
	AlarmEnded          code.Code = "event/alarm-ended"
	LeftOpen            code.Code = "event/left-open"
	WritesSettled       code.Code = "event/writes-settled"
	NotRemembered       code.Code = "event/not-remembered"
	Started             code.Code = "event/started"
	Ended               code.Code = "event/ended"
	StateNoticed        code.Code = "event/state"
	StandingBy          code.Code = "event/standing-by"
	Leading             code.Code = "event/leading"
	LeadLost            code.Code = "event/lead-lost"
	Unserved            code.Code = "event/unserved"
	Unwatched           code.Code = "event/unwatched"
	Reconfigured        code.Code = "event/configuration-changed"
	GuardsKept          code.Code = "event/guards-kept"
	GuardsWeakened      code.Code = "event/guards-weakened"
	RestartNeeded       code.Code = "event/restart-needed"
	MemberAdded         code.Code = "event/member-added"
	MemberRemoved       code.Code = "event/member-removed"
	ResourceAdded       code.Code = "event/resource-added"
	ResourceRemoved     code.Code = "event/resource-removed"
	ReceiverFailing     code.Code = "event/receiver-failing"
	ReceiverWorks       code.Code = "event/receiver-works"
	Undelivered         code.Code = "event/undelivered"
	Test                code.Code = "event/test"
)

// kind is what all events of a code have in common.
type kind struct {
	severity Severity
	title    string
	// reason and remedy are the names of these parts in the log.
	reason, remedy string
	// reach says who gets to know of it besides the log.
	reach reach
}

// reach says where events of a kind go besides the log.
type reach int

const (
	asSevere reach = iota // to receivers, unless it is of no interest (debug)
	always                // to receivers, also where the log leaves it out
	never                 // nowhere: it is about how this program works, or about receivers
)

// kinds are all kinds of events.
var kinds = map[code.Code]kind{
	AccessRaised:        {severity: Info, title: "raised", reason: "reason"},
	AccessLowered:       {severity: Info, title: "lowered", reason: "reason"},
	ChangeFailed:        {severity: Warning, title: "not changed", reason: "why"},
	Held:                {severity: Warning, title: "held until a person releases it", reason: "why", remedy: "release"},
	HeldEnded:           {severity: Info, title: "no longer held", reason: "keys"},
	EditHeld:            {severity: Warning, title: "lowerings of an edit wait until it has settled", reason: "why", remedy: "release"},
	FindingBegan:        {severity: Warning, title: "finding", reason: "message", remedy: "remediation"},
	FindingEnded:        {severity: Info, title: "findings are gone", reason: "which"},
	Expiring:            {severity: Warning, title: "access that was given for a while ends soon"},
	FirstRound:          {severity: Info, title: "first round", reason: "message"},
	RoundEnded:          {severity: Debug, title: "round"},
	RoundFailed:         {severity: Error, title: "the round failed", reason: "error"},
	RoundRetried:        {severity: Info, title: "the round failed again", reason: "error"},
	RoundsSucceed:       {severity: Info, title: "rounds succeed again"},
	RoundIncomplete:     {severity: Error, title: "the round could not do all it was asked to", reason: "problem"},
	RoundComplete:       {severity: Info, title: "errors resolved"},
	Handoff:             {severity: Info, title: "handed over"},
	AccountRead:         {severity: Debug, title: "read the account", reach: never},
	FullRefresh:         {severity: Debug, title: "the whole account is read", reason: "because", reach: never},
	LoweringWaits:       {severity: Debug, title: "some of what is lowered waits for a full refresh, which is due at once", reason: "because", reach: never},
	PollingSlowed:       {severity: Warning, title: "on-calls are looked at more rarely than configured, so that this takes no more than a tenth of the request budget"},
	UnrecordedChange:    {severity: Warning, title: "the account differs from what the audit trail says of it", reason: "what"},
	NoAuditTrail:        {severity: Info, title: "the audit trail can't be read, so rounds of the schedule read the account in full", reason: "because"},
	Paused:              {severity: Warning, title: "writing is paused, reporting goes on", reason: "reason"},
	Resumed:             {severity: Info, title: "writing goes on"},
	PoliciesBroken:      {severity: Error, title: "the policies are broken, the last good ones stay in force", reason: "problem"},
	PoliciesFixed:       {severity: Info, title: "the policies are fixed and in force"},
	ConfigurationBroken: {severity: Warning, title: "the configuration is broken, the last good one stays in force", reason: "why"},
	ConfigurationFixed:  {severity: Info, title: "the configuration is fixed and in force"},
	LoweringSuspended:   {severity: Warning, title: "nothing is lowered for now", reason: "why"},
	LoweringResumed:     {severity: Info, title: "lowering goes on"},
	ClockDoubted:        {severity: Warning, title: "the clock can't be trusted, nothing that depends on the time is lowered", reason: "why"},
	ClockTrusted:        {severity: Info, title: "the clock is trusted again"},
	FaultBegan:          {severity: Warning, title: "internal error: what it concerns is left as it is", reason: "why"},
	FaultEnded:          {severity: Info, title: "the internal error is gone"},
	Panicked:            {severity: Error, title: "internal error", reason: "error"},
	AlarmBegan:          {severity: Error, title: "a schedule needs attention", reason: "alarm"},
	AlarmEnded:          {severity: Info, title: "the alarm about a schedule has ended", reason: "alarm"},
	LeftOpen:            {severity: Warning, title: "what an earlier run left open", reason: "outcome"},
	WritesSettled:       {severity: Info, title: "what became of writes that an earlier run left open is recorded now"},
	NotRemembered:       {severity: Warning, title: "what was reported can't be saved, a restart will report it again", reason: "error"},
	Started:             {severity: Info, title: "started"},
	Ended:               {severity: Info, title: "ended", reach: never},
	StateNoticed:        {severity: Warning, title: "the state needs attention"},
	StandingBy:          {severity: Info, title: "another instance makes the rounds", reason: "leader", reach: never},
	Leading:             {severity: Info, title: "this instance makes the rounds now", reach: never},
	LeadLost:            {severity: Warning, title: "another instance may make the rounds now", reason: "because", reach: never},
	Unserved:            {severity: Error, title: "health checks and metrics are not served any more", reason: "error"},
	Unwatched:           {severity: Warning, title: "file changes may be noticed late", reason: "error"},
	Reconfigured:        {severity: Info, title: "the configuration changed"},
	GuardsKept:          {severity: Warning, title: "the configuration lost or loosened limits or freezes: the former ones stay in force for now"},
	GuardsWeakened:      {severity: Warning, title: "limits or freezes of the configuration are gone or looser now"},
	RestartNeeded:       {severity: Warning, title: "this change of the configuration takes effect with a restart only, all else now"},
	MemberAdded:         {severity: Debug, title: "came into the group", reach: always},
	MemberRemoved:       {severity: Debug, title: "left the group", reach: always},
	ResourceAdded:       {severity: Debug, title: "new in PagerDuty", reach: always},
	ResourceRemoved:     {severity: Debug, title: "gone from PagerDuty", reach: always},
	ReceiverFailing:     {severity: Warning, title: "events don't arrive at a receiver, they wait", reason: "why", reach: never},
	ReceiverWorks:       {severity: Info, title: "events arrive at a receiver again", reach: never},
	Undelivered:         {severity: Warning, title: "an event was given up for a receiver", reason: "why", remedy: "again", reach: never},
	Test:                {severity: Info, title: "this is a test", reach: never},
}

// Published says that an event is one for receivers, and not for the log alone.
func Published(e Event) bool {
	switch kinds[e.Code].reach {
	case always:
		return true
	case never:
		return false
	}
	return e.Severity != Debug
}

// Publishes says that there may be events of a code for receivers.
func Publishes(c code.Code) bool { return kinds[c].reach != never }
