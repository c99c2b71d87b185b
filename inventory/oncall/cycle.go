package oncall

import "slices"

// turn is one place in a cycle of turns: whose it is (nil is nobody's), and
// where it stood in the list that PagerDuty holds; newcomers stand nowhere.
type turn struct {
	user *string
	at   int
}

const newcomer = -1

// cycleFrom is a list of members in the order in which their turns come, from
// the turn of the given number on.
func cycleFrom(members []*string, number int64) []turn {
	n := int64(len(members))
	cycle := make([]turn, n)
	for i := range n {
		at := floorMod(number+i, n)
		cycle[i] = turn{members[at], int(at)}
	}
	return cycle
}

// reorder brings people into and out of a cycle. A newcomer takes the turns of
// somebody who leaves, first come first, then an empty one; others are
// appended. Turns of others who leave close up, or stay empty.
func reorder(cycle []turn, join, leave []string, leaveEmpty bool) []turn {
	stands := map[string]*string{} // for whom who stands in
	leaves := func(t turn) bool { return t.user != nil && slices.Contains(leave, *t.user) }
	for _, t := range cycle {
		if !leaves(t) || stands[*t.user] != nil || len(join) == 0 {
			continue
		}
		stands[*t.user], join = &join[0], join[1:]
	}
	var after []turn
	for _, t := range cycle {
		switch {
		case leaves(t) && stands[*t.user] != nil:
			t.user = stands[*t.user]
		case leaves(t) && leaveEmpty:
			t.user = nil
		case leaves(t):
			continue
		case t.user == nil && len(join) > 0:
			t.user, join = &join[0], join[1:]
		}
		after = append(after, t)
	}
	for i := range join {
		after = append(after, turn{&join[i], newcomer})
	}
	return after
}

// listed turns a cycle into a list as PagerDuty holds it, and says where in the
// list the cycle begins. Newcomers who were appended stay last; without such,
// the list begins where it used to.
func listed(cycle []turn) (members []*string, begins int) {
	first := 0
	for i, t := range cycle {
		if t.at == newcomer {
			first = 0
			break
		}
		if t.at < cycle[first].at {
			first = i
		}
	}
	for i := range cycle {
		members = append(members, cycle[(first+i)%len(cycle)].user)
	}
	return members, (len(cycle) - first) % len(cycle)
}

// rotated moves a list's beginning so that what stood at one index stands at
// another.
func rotated[T any](list []T, from, to int) []T {
	n := len(list)
	out := make([]T, n)
	for i, v := range list {
		out[((i+to-from)%n+n)%n] = v
	}
	return out
}

// newcomers are those of join who take no turns, each once; leavers likewise.
func newcomers(members []*string, join []string) []string {
	return distinct(join, func(id string) bool { return !takesTurns(members, id) })
}

func leavers(members []*string, leave []string) []string {
	return distinct(leave, func(id string) bool { return takesTurns(members, id) })
}

func distinct(ids []string, fits func(string) bool) []string {
	var out []string
	for _, id := range ids {
		if fits(id) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func takesTurns(members []*string, id string) bool {
	return slices.ContainsFunc(members, func(m *string) bool { return m != nil && *m == id })
}

func usersOf(cycle []turn) []string {
	users := []string{}
	for _, t := range cycle {
		if t.user != nil {
			users = append(users, *t.user)
		}
	}
	return users
}

func pointers(ids []string) []*string {
	out := make([]*string, len(ids))
	for i := range ids {
		out[i] = &ids[i]
	}
	return out
}
