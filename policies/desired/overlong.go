package desired

import (
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
)

// overlong says why a statement's window is longer than access for a while may
// be, and records it as an error at its row; empty if it is not. What has no end
// is not for a while, and what is over does no harm any more: an until always
// ends (S25).
func (x *expander) overlong(from, until *time.Time, origins []policies.Origin) string {
	begin := x.in.Snapshot.Now
	if x.in.Longest == 0 || until == nil || !until.After(begin) {
		return ""
	}
	since := "now"
	if from != nil {
		begin, since = *from, from.UTC().Format(time.RFC3339)
	}
	if until.Sub(begin) <= x.in.Longest {
		return ""
	}
	msg := fmt.Sprintf("it would last from %s until %s, longer than access.longest allows (%s): it gives nothing, and what it would give is left as it is; choose an earlier until",
		since, until.UTC().Format(time.RFC3339), x.in.Longest)
	x.error(reason{code: codeTooLong, text: msg}, origins)
	return msg
}

// refusedAt says why a pair is unknown at t: a grant that is refused would give
// more than those that stand. Where they give as much, it makes no difference.
func refusedAt(pair Pair, sorted []candidate, t time.Time, role string) (Unknown, bool) {
	for i := range sorted {
		c := &sorted[i]
		if c.refused == "" || c.circular || !c.window.Contains(t) {
			continue
		}
		if role == "" || inventory.CompareRoles(pair.Resource.Kind, c.role, role) > 0 {
			return Unknown{Code: codeTooLong, User: pair.User, Resource: pair.Resource, Reason: fmt.Sprintf("%s:%d: %s", c.by[0].File, c.by[0].Line, c.refused)}, true
		}
	}
	return Unknown{}, false
}

// settle takes the grant of a pair at t into access, or makes the pair unknown.
func (e *Expansion) settle(a *Access, pair Pair, t time.Time) {
	sorted, _ := e.candidates.Get(pair)
	if g, ok := e.settled(a, pair, sorted, t); ok {
		a.Grants.Set(pair, &g)
	} else {
		a.Grants.Delete(pair)
	}
}

// settled is the grant of a pair at t, if there is one and the pair is not
// unknown. It brings what access says of that up to date.
func (e *Expansion) settled(a *Access, pair Pair, sorted []candidate, t time.Time) (Grant, bool) {
	g, ok := e.choose(pair, sorted, t)
	unknown, refused := refusedAt(pair, sorted, t, g.Role)
	if was, ok := a.refused[pair]; ok && (!refused || was != unknown) {
		a.Unknown = slices.DeleteFunc(slices.Clone(a.Unknown), func(u Unknown) bool { return u == was })
		delete(a.refused, pair)
	}
	if _, known := a.refused[pair]; refused && !known {
		i, _ := slices.BinarySearchFunc(a.Unknown, unknown, compareUnknown)
		a.Unknown = slices.Insert(slices.Clone(a.Unknown), i, unknown)
		if a.refused == nil {
			a.refused = map[Pair]Unknown{}
		}
		a.refused[pair] = unknown
	}
	return g, ok && !refused
}
