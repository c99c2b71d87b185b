package policies

// RuleText is a rule as it was written.
type RuleText struct {
	Origin Origin
	// Name is the rule's: that of a contract rule, such as "grant", or a helper's.
	Name string
	// Contract says that it is a contract rule.
	Contract bool
	// Means is the rule without comments and layout: two that mean the same are equal in it.
	Means string
	// Text is the rule as it stands in its file, in one line.
	Text string
}
