package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerduty"
)

// Account judges what the token lets be read, by a snapshot and the error of
// taking it.
func Account(s *inventory.Snapshot, err error) []Check {
	if err != nil {
		return []Check{fail("account", unread(err), "%v", err)}
	}
	checks := []Check{mandatory(s, "users", len(s.Users), "users"), mandatory(s, "teams", len(s.Teams), "teams", "members of team ")}
	layered, shifted := 0, 0
	for _, v := range s.Schedules {
		if v.Kind == inventory.ScheduleOfShifts {
			shifted++
		} else {
			layered++
		}
	}
	checks = append(checks,
		mandatory(s, "layer-based schedules", layered, "layer-based schedules", "overrides of schedule ", "schedule "),
		mandatory(s, "shift-based schedules", shifted, "shift-based schedules", "custom shifts of schedule "),
		mandatory(s, "escalation policies", len(s.EscalationPolicies), "escalation polic"),
		mandatory(s, "on-calls", len(s.OnCalls), "on-calls"),
		optional(s, "abilities", len(s.Account.Abilities), "what the account's plan includes is then not known beforehand, but from PagerDuty's refusals"),
		optional(s, "services", len(s.Services), "policies see no services"),
		optional(s, "licenses", len(s.Licenses), "whether a seat is free is then not known beforehand, but from PagerDuty's refusals"),
	)
	return append(checks, others(s, checks)...)
}

// unread is what to do where the account could not be read at all.
func unread(err error) string {
	var e *pagerduty.Error
	if errors.As(err, &e) && (e.Unaccepted() || e.Forbidden()) {
		return "see operations.md, \"Permissions\", for the token that it takes"
	}
	return "nothing here, if PagerDuty or the network is at fault: rounds are retried automatically, and nothing is changed until the account can be read"
}

// mandatory judges a part without which a snapshot is incomplete. What the
// snapshot misses of it begins with one of the prefixes.
func mandatory(s *inventory.Snapshot, part string, n int, prefixes ...string) Check {
	name := "read " + part
	var missing []string
	for _, m := range s.Account.Missing {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(m.What, p) }) {
			missing = append(missing, m.What+": "+m.Reason)
		}
	}
	if len(missing) == 0 {
		return ok(name, "%d", n)
	}
	text := missing[0]
	if more := len(missing) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return fail(name, "give the token the right to read it, or wait if PagerDuty has problems; until then nothing is lowered", "%s", text)
}

// others are what is missing of no part that is looked at by name.
func others(s *inventory.Snapshot, checks []Check) []Check {
	if s.Account.Complete || slices.ContainsFunc(checks, func(c Check) bool { return c.Status == Fail }) {
		return nil
	}
	var missing []string
	for _, m := range s.Account.Missing {
		missing = append(missing, m.What+": "+m.Reason)
	}
	return []Check{fail("read the rest", "until it can be read nothing is lowered", "the snapshot is incomplete: %s", strings.Join(missing, "; "))}
}

func optional(s *inventory.Snapshot, part string, n int, without string) Check {
	name := "read " + part
	if slices.Contains(s.Account.Unavailable, part) {
		return warn(name, "give the token the right to read them, if you want that changed", "they can't be read: %s", without)
	}
	return ok(name, "%d", n)
}

// Writing judges in whose name changes would be made: tokenUser is the id of
// the token's user, empty for an account's API key; actingUser is the
// configured e-mail address. Whether PagerDuty lets them can't be known without
// writing.
func Writing(s *inventory.Snapshot, tokenUser, actingUser string) Check {
	const untested = "; whether the token may write can't be tested without writing"
	if tokenUser != "" {
		u, known := s.Users[tokenUser]
		switch {
		case !known:
			return warn("write", "use the token of somebody of this account", "the token belongs to user #%s, who is not among the people read%s", tokenUser, untested)
		case u.BaseRole != "owner" && u.BaseRole != "admin":
			return warn("write", "use an admin's or an account's API key for apply",
				"the token belongs to %s (%s), who may not change everybody%s", u.Email, inventory.BaseRoleLabel(u.BaseRole), untested)
		}
		return ok("write", "in the name of %s, to whom the token belongs%s", u.Email, untested)
	}
	if actingUser == "" {
		return warn("write", "before the first apply, set account.acting_user to the e-mail address of an admin",
			"the token is an account's, and account.acting_user does not say in whose name to write")
	}
	ids := inventory.NewIndex(s).Find(inventory.Ref{Kind: inventory.KindUser, Name: actingUser})
	if len(ids) != 1 {
		return fail("write", "correct account.acting_user", "account.acting_user is %s, and %s has that address", actingUser, nobodyOr(len(ids)))
	}
	return ok("write", "in the name of %s (%s)%s", actingUser, inventory.BaseRoleLabel(s.Users[ids[0]].BaseRole), untested)
}

func nobodyOr(n int) string {
	if n == 0 {
		return "nobody"
	}
	return fmt.Sprintf("more than one person (%d)", n)
}
