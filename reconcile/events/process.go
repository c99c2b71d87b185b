package events

import (
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/code"
)

// What happens to the process rather than to the account.

// Start is what a service starts with.
type Start struct {
	Account, Schedule, State, Listen, Version string
	Policies                                  []string
}

// Event is that it started.
func (s Start) Event(at time.Time) Event {
	return event(Started, at, Event{Details: []Detail{
		{"account", s.Account}, {"schedule", s.Schedule}, {"policies", s.Policies}, {"state", s.State}, {"listen", s.Listen}, {"version", s.Version},
	}})
}

// End is that it ends as it was asked to.
func End(at time.Time) Event { return event(Ended, at, Event{}) }

// StateNotice is something about the state that a person should know.
func StateNotice(at time.Time, text string) Event {
	return event(StateNoticed, at, Event{Title: text})
}

// StandBy is that another instance makes the rounds.
func StandBy(at time.Time, leader string) Event {
	return event(StandingBy, at, Event{Reason: leader})
}

// Lead is that this instance makes the rounds now.
func Lead(at time.Time, why string) Event { return event(Leading, at, Event{Reason: why}) }

// LoseLead is that this instance can't be sure any more that it is the one.
func LoseLead(at time.Time, why error) Event {
	return event(LeadLost, at, Event{Reason: why.Error()})
}

// Unserve is that health checks and metrics can't be served any more.
func Unserve(at time.Time, err error) Event {
	return event(Unserved, at, Event{Reason: err.Error()})
}

// Unwatch is that only part of what is watched is, or with all nothing of it.
func Unwatch(at time.Time, what string, all bool, err error) Event {
	if all {
		return event(Unwatched, at, Event{Title: what + " can't be watched: changes are seen by the next round, or on SIGHUP", Reason: err.Error()})
	}
	return event(Unwatched, at, Event{Title: "watching only part of " + what, Reason: err.Error()})
}

// Reconfigure is that another configuration is in force.
func Reconfigure(at time.Time, schedule string, policies []string, mode string) Event {
	return event(Reconfigured, at, Event{Details: []Detail{{"schedule", schedule}, {"policies", policies}, {"default_mode", mode}}})
}

// KeepGuards is that limits, freezes or bounds of edits that the configuration has no
// more stay in force for a while.
func KeepGuards(at time.Time, keys []string, until time.Time) Event {
	return event(GuardsKept, at, Event{Details: []Detail{{"keys", strings.Join(keys, ", ")}, {"until", until.UTC().Format(time.RFC3339)}}})
}

// WeakenGuards is that such limits, freezes or bounds hold no more.
func WeakenGuards(at time.Time, keys []string) Event {
	return event(GuardsWeakened, at, Event{Details: []Detail{{"keys", strings.Join(keys, ", ")}}})
}

// NeedRestart is that some keys of the configuration take effect with a restart only.
func NeedRestart(at time.Time, keys []string) Event {
	return event(RestartNeeded, at, Event{Details: []Detail{{"keys", strings.Join(keys, ", ")}}})
}

// pagesOfProcesses explain what happens to the process.
var pagesOfProcesses = code.Pages{
	{
		Code: Started, Account: true,
		Title:   "The service started",
		Means:   "`dutyward run` has its configuration, its state and its client, and makes rounds from now on.",
		Why:     "It says which account, policies and state it works with.",
		Do:      "Nothing.",
		Example: "account acme, schedule every 10m, version 1.0.0",
	},
	{
		Code: Ended, Account: true,
		Title:   "The service ended",
		Means:   "`dutyward run` was asked to end, and finished what was in progress.",
		Why:     "From now on nothing follows handoffs.",
		Do:      "Nothing, if it was meant. Otherwise start it again.",
		Example: "Ended",
	},
	{
		Code: StateNoticed, Account: true,
		Title:   "The state needs attention",
		Means:   "The file of what earlier rounds recorded was opened, and something about it is unusual: its permissions, its age, or that it is new.",
		Why:     "Limits, holds and the names' identities depend on it.",
		Do:      "Follow the message.",
		Example: "dutyward.db has mode 0644: others can read it",
	},
	{
		Code: StandingBy, Account: true,
		Title:   "Another instance makes the rounds",
		Means:   "The state is in PostgreSQL, and another instance holds the lead. This one answers health checks and takes over when the other ends or can't be reached.",
		Why:     "Of several instances one makes changes at a time.",
		Do:      "Nothing.",
		Example: "\"dutyward run\" (process 7 on dutyward-0, since 2026-03-02T09:00:00Z)",
	},
	{
		Code: Leading, Account: true,
		Title:   "This instance makes the rounds now",
		Means:   "It stood by, and the instance that made the rounds ended, gave the lead back, or did not renew it in time.",
		Why:     "From now on the changes are this instance's.",
		Do:      "If the other was not stopped on purpose, see its log.",
		Example: "This instance makes the rounds now",
	},
	{
		Code: LeadLost, Account: true,
		Title:   "Another instance may make the rounds now",
		Means:   "The lead could not be renewed: PostgreSQL can't be reached from here, or the process stood still. Nothing more is written, and what was in progress is settled by whoever leads next.",
		Why:     "Two instances that write at once would undo each other's changes.",
		Do:      "If it comes again, see that PostgreSQL can be reached and that the machine is not overloaded.",
		Example: "the lease could not be renewed in time",
	},
	{
		Code: Unserved, Account: true,
		Title:   "Health checks and metrics are not served",
		Means:   "The listener of run.listen failed. Rounds go on.",
		Why:     "A supervisor may take the process for dead, and nobody sees its metrics.",
		Do:      "Restart it.",
		Example: "accept tcp 127.0.0.1:8080: too many open files",
	},
	{
		Code: Unwatched, Account: true,
		Title:   "File changes may be noticed late",
		Means:   "The policies or the configuration, or part of them, can't be watched.",
		Why:     "What is saved is taken up by the next round only, not at once.",
		Do:      "Raise the system's limit on watches, or send SIGHUP after each change.",
		Example: "no space left on device",
	},
	{
		Code: Reconfigured, Account: true,
		Title:   "The configuration changed",
		Means:   "The configuration file was saved and is in force.",
		Why:     "Schedule, modes and bounds are those of the file now.",
		Do:      "Nothing.",
		Example: "schedule every 5m, default_mode sync",
	},
	{
		Code: GuardsKept, Account: true,
		Title:   "Former limits or freezes stay in force for now",
		Means:   "The configuration was saved without limits, freezes or bounds of edits that it had, or with looser ones.",
		Why:     "A file that was saved halfway looks like that, and what they hold would be made at once. They hold until the file has been so for ten times run.settle, or is committed as it is.",
		Do:      "If it is meant, nothing. Otherwise put the keys back.",
		Example: "keys freezes.year-end, until 2026-12-21T12:14:00Z",
	},
	{
		Code: GuardsWeakened, Account: true,
		Title:   "Limits or freezes are gone or looser",
		Means:   "The configuration has been without them, or with looser ones, for long enough, or was committed so.",
		Why:     "What they held may be made from now on.",
		Do:      "Nothing, if it was meant. `dutyward plan` shows what is due.",
		Example: "keys limits.lowerings",
	},
	{
		Code: RestartNeeded, Account: true,
		Title:   "A restart is needed",
		Means:   "Keys of the configuration changed that are read at the start only.",
		Why:     "Their old values stay in force; all other keys are taken up.",
		Do:      "Restart `dutyward run`.",
		Example: "state, run.listen",
	},
}
