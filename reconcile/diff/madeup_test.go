package diff

import (
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Crew is a kind of access that nobody has heard of: people are on the crew of a service,
// which a snapshot of these tests has where others have the service's teams.
const Crew = plan.Kind(inventory.KindService)

// OnCrew is its only role.
const OnCrew = "on_crew"

// MadeUp has a plan know crews, until the test is over.
func MadeUp(t *testing.T) {
	was := kinds
	kinds = append(slices.Clone(kinds), crews{})
	t.Cleanup(func() { kinds = was })
}

type crews struct{}

func (crews) name() plan.Kind    { return Crew }
func (crews) on() inventory.Kind { return inventory.KindService }
func (crews) traits() traits     { return traits{role: true, staffed: true} }

func (crews) compare(b *builder) {
	for _, id := range slices.Sorted(maps.Keys(b.in.Snapshot.Services)) {
		target := desired.Target{Resource: inventory.ByID(inventory.KindService, id)}
		users := slices.AppendSeq(slices.Clone(b.in.Snapshot.Services[id].Teams), maps.Keys(maps.Collect(granted(b, target))))
		slices.Sort(users)
		for _, user := range slices.Compact(users) {
			pair := desired.Pair{User: user, Resource: target.Resource}
			s := situation{pair: pair, held: roleHeld(b.in.Snapshot, pair), asked: b.asked(b.access, pair)}
			_, s.named = b.access.Named[target]
			if s.asked != s.held && s.named && (b.scope == nil || b.scope.has(pair)) {
				b.settle(s, due(b.change(pair, s.held, s.asked)))
			}
		}
	}
}

func granted(b *builder, target desired.Target) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		for user := range b.granted(target) {
			if !yield(user, true) {
				return
			}
		}
	}
}

func (crews) refused(*builder, *plan.Change, *room) obstacle { return obstacle{} }

func (crews) require(*builder, *plan.Change, others) {}

func (crews) held(s *inventory.Snapshot, p desired.Pair) string {
	if slices.Contains(s.Services[p.Resource.ID].Teams, p.User) {
		return OnCrew
	}
	return inventory.None
}

func (crews) members(s *inventory.Snapshot, t desired.Target) iter.Seq[string] {
	return slices.Values(s.Services[t.Resource.ID].Teams)
}

func (crews) capped(s *inventory.Snapshot, people map[string]bool, _ time.Time, tell func(desired.Pair, string)) {
	for id, v := range s.Services {
		for _, user := range v.Teams {
			if people[user] {
				tell(desired.Pair{User: user, Resource: inventory.ByID(inventory.KindService, id)}, OnCrew)
			}
		}
	}
}

func (crews) make(e *inventory.Edit, c plan.Change) {
	s := e.Snapshot()
	s.Services = maps.Clone(s.Services)
	v := s.Services[c.Resource.ID]
	v.Teams = slices.DeleteFunc(slices.Clone(v.Teams), func(user string) bool { return user == c.User })
	if c.After != inventory.None {
		v.Teams = append(v.Teams, c.User)
	}
	s.Services[c.Resource.ID] = v
}
