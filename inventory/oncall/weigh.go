package oncall

import "slices"

// weigh brings people to the number of turns within a cycle that they are to have.
// Turns too many are left out, those that come last first. Turns too few, and those of
// newcomers who were appended, come at the end, spread as evenly as goes: until then
// everybody's turns are what they were.
func weigh(cycle []turn, weights map[string]int) []turn {
	if len(weights) == 0 {
		return cycle
	}
	left, users := map[string]int{}, []string{}
	var base []turn
	for _, t := range cycle {
		if t.user == nil || t.at != newcomer {
			base = append(base, t)
		}
		if t.user == nil {
			continue
		}
		if !slices.Contains(users, *t.user) {
			users = append(users, *t.user)
			left[*t.user] = max(weights[*t.user], 0)
		}
		if weights[*t.user] == 0 {
			left[*t.user]++ // as many as they have
		}
	}
	kept := make([]turn, 0, len(base))
	for _, t := range base {
		if t.user != nil {
			if left[*t.user] == 0 {
				continue
			}
			left[*t.user]--
		}
		kept = append(kept, t)
	}
	return append(kept, spread(users, left)...)
}

// spread is a run of turns in which each person has as many as is said, those of one
// person as far apart as goes, and that the first of them begins who has any.
func spread(users []string, turns map[string]int) []turn {
	users = slices.DeleteFunc(slices.Clone(users), func(u string) bool { return turns[u] == 0 })
	n := 0
	for _, u := range users {
		n += turns[u]
	}
	slots := make([]string, n)
	heavy := slices.Clone(users)
	slices.SortStableFunc(heavy, func(a, b string) int { return turns[b] - turns[a] })
	for _, u := range heavy {
		for k := range turns[u] {
			at := k * n / turns[u]
			for slots[at] != "" {
				at = (at + 1) % n
			}
			slots[at] = u
		}
	}
	if n > 0 {
		slots = rotated(slots, slices.Index(slots, users[0]), 0)
	}
	out := make([]turn, n)
	for i := range slots {
		out[i] = turn{&slots[i], newcomer}
	}
	return out
}

// weighed are the weights that make a difference: of who joins, and of members whose
// number of turns is another.
func weighed(members []*string, join []string, weights map[string]int) map[string]int {
	out := map[string]int{}
	for user, n := range weights {
		has := 0
		for _, m := range members {
			if m != nil && *m == user {
				has++
			}
		}
		if n > 0 && has != n && (has > 0 || slices.Contains(join, user)) {
			out[user] = n
		}
	}
	return out
}
