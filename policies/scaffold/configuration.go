package scaffold

import (
	"fmt"
	"strings"

	"github.com/dutyward/dutyward/inventory"
)

// Account says how the drafted configuration reaches the account. Of the three
// Token fields one is set; the others are empty.
type Account struct {
	Name, Region string
	// BaseURL is empty for the region's own address.
	BaseURL string
	// TokenEnv is a variable's name, TokenFile a path relative to the draft or
	// absolute, TokenCommand a program and its arguments.
	TokenEnv, TokenFile string
	TokenCommand        []string
	// OAuth says that the token is a scoped OAuth token.
	OAuth bool
	// ActingUser is an e-mail address; empty where it is not known.
	ActingUser string
}

// longestKey is how long a key may be in bytes: YAML itself ends at 1024
// characters, a reader's patience before.
const longestKey = 200

// example is the team by which the configuration shows the way to sync: the
// first by name that has members, as a key of manage.teams.resources, which are
// patterns.
func example(s *inventory.Snapshot, n naming) string {
	for _, id := range sortedBy(s.Teams, func(t inventory.Team) string { return t.Name }) {
		t := s.Teams[id]
		if len(t.Members) == 0 || unsayable(s, t) != "" {
			continue
		}
		if name := n.team(id); len(name) <= longestKey && !strings.ContainsAny(name, `*?[\`) {
			return name
		}
		return "#" + id
	}
	return "Payments"
}

// configuration is dutyward.yaml. It observes everything.
func configuration(a Account, team string) string {
	var b strings.Builder
	b.WriteString("# Dutyward's configuration. `dutyward help configuration` explains every key.\n")
	b.WriteString("account:\n")
	fmt.Fprintf(&b, "  name: %s\n  region: %s\n", scalar(a.Name), scalar(a.Region))
	if a.BaseURL != "" {
		fmt.Fprintf(&b, "  base_url: %s\n", scalar(a.BaseURL))
	}
	fmt.Fprintf(&b, "  token: %s\n", a.token())
	if a.OAuth {
		b.WriteString("  auth: oauth\n")
	}
	b.WriteString("  # In whose name an account's API key writes; a user's own token needs none.\n")
	if a.ActingUser != "" {
		fmt.Fprintf(&b, "  acting_user: %s\n", scalar(a.ActingUser))
	} else {
		b.WriteString("  # acting_user: you@example.com\n")
	}
	fmt.Fprintf(&b, rest, scalar(team))
	return b.String()
}

func (a Account) token() string {
	switch {
	case a.TokenFile != "":
		return "{file: " + scalar(a.TokenFile) + "}"
	case len(a.TokenCommand) > 0:
		items := make([]string, len(a.TokenCommand))
		for i, item := range a.TokenCommand {
			items[i] = scalar(item)
		}
		return "{command: [" + strings.Join(items, ", ") + "]}"
	}
	return "{env: " + scalar(a.TokenEnv) + "}"
}

const rest = `
policies: [policies]

# What earlier rounds recorded. Keep it on a disk that lasts, and out of version
# control.
state: dutyward.db

# The data that the rules read is checked against these first.
schemas:
  people: people.schema.json
  teams: teams.schema.json

# People whose access is never changed, so that nobody locks out those who could
# fix it. Name whoever runs this program.
# operators: [you@example.com]

# How far enforcement goes. With observe nothing is ever changed in PagerDuty.
manage:
  default: observe
  # From here to sync, one team first:
  #   1. Edit policies/teams/teams.yaml. The plan shows under "Not enforced" what
  #      would follow (dutyward plan).
  #   2. Take the '#' off the three lines below. Under grant-only people get what
  #      they lack and nobody loses anything (dutyward plan, then dutyward apply).
  #   3. Write sync in place of grant-only. Whoever the policies don't put on the
  #      team is taken off it.
  #   4. Do so for another team; in the end set mode: sync for all teams.
  # teams:
  #   resources:
  #     %s: grant-only

# How many changes go on without a person's release. These are the defaults; those of
# your own stand beside them (S26).
# limits:
#   lowerings: {share: 10%%, least: 5, most: 50}

# How many turns of others an edit of a schedule may move within eight weeks, and how
# many people may join a layer or event at once (S23).
# edits: {displaced_turns: 30, joins: 5}

# Times in which what policies ask for waits; handoffs and expiries go on (S41).
# freezes:
#   year-end: {from: 2026-12-20, until: 2027-01-03, reason: "nobody is there to fix it"}
`
