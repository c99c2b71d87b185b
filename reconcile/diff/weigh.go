package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/diff/codes"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// turnsAsked is the role that policies ask for on a line. Where they don't say how many
// turns within a cycle, whoever has some keeps as many.
func (b *builder) turnsAsked(pair desired.Pair, held string) string {
	if g := b.access.Grant(pair); g.Weighted || held == inventory.None {
		return b.asked(b.access, pair)
	}
	return held
}

// weigh adds to a revision how many turns within a cycle a change makes.
func (b *builder) weigh(r *oncall.Revision, c plan.Change) {
	if c.Before == inventory.None && !b.access.Grant(c.Pair()).Weighted {
		return // as many as whoever they take over from, or one
	}
	if r.Weights == nil {
		r.Weights = map[string]int{}
	}
	r.Weights[c.User] = inventory.TurnsOf(c.After)
}

// sortJoins puts newcomers in the order that policies ask for, then in that of their ids.
func (b *builder) sortJoins(s inventory.Schedule, r *oncall.Revision) {
	line, ok := oncall.LineOf(s, r.Part)
	if !ok {
		line.ID = r.Part
	}
	places := b.ordered(desired.Target{Resource: b.ref(inventory.KindSchedule, s.ID), Layer: line.ID})
	slices.SortFunc(r.Join, func(x, y string) int { return cmp.Or(places.compare(x, y), cmp.Compare(x, y)) })
}

// ordering is where in a cycle people come by policies, by user id.
type ordering map[string]float64

func (b *builder) ordered(t desired.Target) ordering {
	p := ordering{}
	for user, g := range b.access.Grants.On(t) {
		if g.Order != nil && g.Role != inventory.None {
			p[user] = *g.Order
		}
	}
	return p
}

// compare puts those who have no place after those with one.
func (p ordering) compare(x, y string) int {
	of, hasX := p[x]
	than, hasY := p[y]
	switch {
	case hasX && hasY:
		return cmp.Compare(of, than)
	case hasX:
		return -1
	case hasY:
		return 1
	}
	return 0
}

// otherOrder notes that those who take turns on a line come in another order than
// policies ask for: whoever stays keeps their place (S23).
func (b *builder) otherOrder(s inventory.Schedule, line oncall.Line) {
	resource := b.ref(inventory.KindSchedule, s.ID)
	placed := b.ordered(desired.Target{Resource: resource, Layer: line.ID})
	stands := slices.DeleteFunc(slices.Clone(line.Members), func(user string) bool {
		_, has := placed[user]
		return !has
	})
	falls := 0 // a cycle may begin anywhere, so that one step down is none
	for i, user := range stands {
		if placed.compare(user, stands[(i+1)%len(stands)]) > 0 {
			falls++
		}
	}
	if falls <= 1 || b.faulty(resource) {
		return
	}
	asked := slices.Clone(stands)
	slices.SortStableFunc(asked, placed.compare)
	b.plan.Notices = append(b.plan.Notices, desired.Notice{Code: codes.OtherOrder, About: resource, Message: fmt.Sprintf(
		"on %s %s of schedule %s turns come in the order %s, and policies ask for %s: those who take turns already keep their places, so that nobody's turn moves; reorder them in PagerDuty if it matters, or take out `order`",
		partName(s), b.partTitle(s, line.ID), s.Name, b.namesOf(stands), b.namesOf(asked))})
}

// namesOf are people's names, in the order given.
func (b *builder) namesOf(users []string) string {
	names := make([]string, len(users))
	for i, user := range users {
		names[i] = b.userName(user)
	}
	return strings.Join(names, ", ")
}
