package plan

import "time"

// RisksSeen are the findings of a round, which are kept over time.
type RisksSeen struct {
	// Whole says that what is not among them is not there any more; Packs that those of
	// the packs are among them.
	Whole, Packs bool
	List         []RiskSeen
}

// RiskSeen is a finding of a round. Its id stays the same over time.
type RiskSeen struct {
	ID, Rule, Subject, Resource, Severity, Message string
	// Packed says that a pack found it.
	Packed bool
	// Mends are the keys of the changes after which it should be gone.
	Mends []string
}

// RiskKnown is what is kept of a finding.
type RiskKnown struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule"`
	Subject  string    `json:"subject"`
	Resource string    `json:"resource"`
	Severity string    `json:"severity"`
	Message  string    `json:"message"`
	First    time.Time `json:"first_seen"`
	// Opened is since when it is open, this time.
	Opened   time.Time `json:"opened"`
	Last     time.Time `json:"last_seen"`
	Reopened int       `json:"reopened"`
	// Gone is when a round no longer found it; null while it is open. GoneBy is the key of
	// the change that did that, where one is known.
	Gone   *time.Time `json:"gone"`
	GoneBy string     `json:"gone_by"`
}
