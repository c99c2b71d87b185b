package pagerduty

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory"

	"golang.org/x/sync/errgroup"
)

// outdated is an inventory.OutdatedError that can't be accepted.
func outdated(format string, args ...any) error {
	return &inventory.OutdatedError{Why: fmt.Sprintf(format, args...)}
}

// Refresh reads again what handoffs depend on, on top of a complete snapshot:
//
//  1. ask /oncalls, for both kinds of schedule at once, who is on call,
//  2. read again the schedules that are due, or of which it says something else than
//     the snapshot's shifts,
//  3. put the answers in the snapshot's place.
//
// What is not read again stays as it is, base too; the window of shifts stays
// as well. An inventory.OutdatedError says that base does not hold any more. Any other
// error is one of a request, or the context's.
func (c *Client) Refresh(ctx context.Context, base *inventory.Snapshot, o inventory.RefreshOptions) (*inventory.Refreshed, error) {
	r := newRefresh(c, base, o)
	if err := r.askOnCalls(ctx); err != nil {
		return nil, err
	}
	if err := r.compare(); err != nil {
		return nil, err
	}
	if err := r.readAgain(ctx); err != nil {
		return nil, err
	}
	if r.takenAt.IsZero() { // nothing had to be asked: then for the time alone
		header, err := r.c.get(ctx, "/abilities", nil, nil, &struct{}{})
		if err != nil {
			return nil, err
		}
		r.setClock(header)
	}
	return r.result()
}

// RefreshCost is how many requests a refresh is expected to take if nothing
// changed.
func (*Client) RefreshCost(base *inventory.Snapshot, o inventory.RefreshOptions) int {
	r := newRefresh(nil, base, o)
	read := map[string]bool{}
	for _, id := range o.Due {
		read[id] = true
	}
	if o.Unlisted {
		for _, id := range r.unlisted {
			read[id] = true
		}
	}
	n := 0
	for _, q := range r.questions() {
		n += q.cost
	}
	layered, shifted := r.byKind(read)
	return max(1, n+min(len(layered), r.layerPages())+len(shifted))
}

// refresh is one refresh in the making. What readers share is under mu.
type refresh struct {
	c    *Client
	base *inventory.Snapshot
	o    inventory.RefreshOptions
	// listed are the schedules that matter and stand on a policy, unlisted those
	// on none. Sorted.
	listed, unlisted []string
	// leaving are the people whose shifts on the schedules that are due end.
	leaving map[string]bool
	// rows are the on-calls, and until the end of what they speak of.
	rows  []wireOnCall
	until time.Time
	// whole are the schedules and the policies whose rows are all there; all says
	// that every one's are.
	whole, wholePolicies map[string]bool
	all                  bool
	read                 map[string]bool // schedules to be read again
	behind               time.Duration
	odd                  map[string]string
	changed              map[string]bool

	mu        sync.Mutex
	takenAt   time.Time
	schedules map[string]inventory.Schedule
}

// farthest is how far ahead on-calls are compared at most. PagerDuty lists 90
// days of them; what begins later than this is found by full refreshes.
const farthest = 30 * 24 * time.Hour

func newRefresh(c *Client, base *inventory.Snapshot, o inventory.RefreshOptions) *refresh {
	o.At, o.Ahead = o.At.UTC().Truncate(time.Second), min(max(o.Ahead, time.Second), farthest)
	r := &refresh{
		c: c, base: base, o: o, leaving: map[string]bool{}, whole: map[string]bool{}, wholePolicies: map[string]bool{},
		read: map[string]bool{}, odd: map[string]string{}, changed: map[string]bool{}, schedules: map[string]inventory.Schedule{},
	}
	for _, id := range slices.Sorted(slices.Values(o.Schedules)) {
		if r.onPolicy(id) {
			r.listed = append(r.listed, id)
		} else {
			r.unlisted = append(r.unlisted, id)
		}
	}
	for _, id := range o.Due {
		for _, s := range base.Schedules[id].Shifts {
			if s.End.After(base.Account.TakenAt) && !s.End.After(o.At) {
				r.leaving[s.User] = true
			}
		}
	}
	return r
}

// onPolicy says that /oncalls knows a schedule.
func (r *refresh) onPolicy(id string) bool {
	return slices.ContainsFunc(r.base.Schedules[id].EscalationPolicies, func(p string) bool {
		_, known := r.base.EscalationPolicies[p]
		return known
	})
}

// readAgain reads the schedules that are due or differ, and those that only
// their own reading tells of.
func (r *refresh) readAgain(ctx context.Context) error {
	for _, id := range r.o.Due {
		r.read[id] = true
	}
	if r.o.Unlisted {
		for _, id := range r.unlisted {
			r.read[id] = true
		}
	}
	layered, shifted := r.byKind(r.read)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * r.c.o.Concurrency)
	if r.layerPages() < len(layered) {
		group.Go(func() error { return r.readLayeredList(ctx, layered) })
	} else {
		for _, id := range layered {
			group.Go(func() error { return r.readLayered(ctx, id) })
		}
	}
	for _, id := range shifted {
		group.Go(func() error { return r.readShifted(ctx, id) })
	}
	return group.Wait()
}

// byKind are the schedules of each kind, sorted.
func (r *refresh) byKind(ids map[string]bool) (layered, shifted []string) {
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if r.base.Schedules[id].Kind == inventory.ScheduleOfShifts {
			shifted = append(shifted, id)
		} else {
			layered = append(layered, id)
		}
	}
	return layered, shifted
}

// layerPages is what the list of all layer-based schedules costs.
func (r *refresh) layerPages() int {
	n := 0
	for _, s := range r.base.Schedules {
		if s.Kind == inventory.ScheduleOfLayers {
			n++
		}
	}
	if n > ceiling {
		return n // can't be listed whole
	}
	return pages(n)
}

// pages is how many requests a list of n records takes.
func pages(n int) int { return max(1, (n+pageSize-1)/pageSize) }

func (r *refresh) windowQuery() url.Values {
	w := r.base.Account.Window
	return url.Values{"since": {w.Since.Format(time.RFC3339)}, "until": {w.Until.Format(time.RFC3339)}}
}

func (r *refresh) readLayeredList(ctx context.Context, wanted []string) error {
	query := r.windowQuery()
	query["include[]"] = []string{"schedule_layers", "overrides_subschedule", "final_schedule"}
	got, err := readList(ctx, r.c, list[wireLayered]{
		pattern: "/schedules", key: "schedules", query: query, id: wireLayered.id,
	})
	if err != nil {
		return err
	}
	r.setClock(got.header)
	byID := map[string]wireLayered{}
	for _, w := range got.items {
		byID[w.ID] = w
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * r.c.o.Concurrency)
	for _, id := range wanted {
		w, ok := byID[id]
		if !ok {
			return outdated("schedule %s is not among the layer-based ones any more", r.named(id))
		}
		group.Go(func() error { return r.addLayered(ctx, w) })
	}
	return group.Wait()
}

func (r *refresh) readLayered(ctx context.Context, id string) error {
	s, header, err := r.c.layered(ctx, id, r.base.Account.Window)
	if err != nil {
		return r.gone(id, err)
	}
	r.setClock(header)
	return r.addLayered(ctx, s)
}

// addLayered asks for overrides only where the rendering differs: it is what
// they show in.
func (r *refresh) addLayered(ctx context.Context, w wireLayered) error {
	s := normalized(w.inventory(r.base.Account.Window))
	if what := w.lacks(); what != "" {
		return outdated("schedule %s can't be read: %v", r.named(s.ID), lacking("/schedules/{}", s.ID, what))
	}
	was := r.base.Schedules[s.ID]
	if sameShifts(s, was) {
		s.Overrides = was.Overrides
	} else if len(w.Overrides.Entries) > 0 {
		var err error
		if s.Overrides, err = r.c.layeredOverrides(ctx, s.ID, r.base.Account.Window); err != nil {
			return r.gone(s.ID, err)
		}
	}
	return r.add(s)
}

func (r *refresh) readShifted(ctx context.Context, id string) error {
	window := r.base.Account.Window
	wire, header, err := r.c.shifted(ctx, id, window)
	if err != nil {
		return r.gone(id, err)
	}
	r.setClock(header)
	s := normalized(wire.inventory(window))
	if was := r.base.Schedules[id]; sameShifts(s, was) {
		s.Overrides, s.CustomShifts = was.Overrides, was.CustomShifts
		return r.add(s)
	}
	s, overrides, customShifts := r.c.withParts(ctx, wire, header, window)
	if err := cmp.Or(overrides, customShifts); err != nil {
		return r.gone(id, err)
	}
	return r.add(s)
}

// add puts a schedule in the place of what it was, unless it speaks of what the
// snapshot does not know.
func (r *refresh) add(s inventory.Schedule) error {
	s = r.c.recognized(normalized(s), r.base.Account.Window)
	was := r.base.Schedules[s.ID]
	switch {
	case !slices.Equal(s.EscalationPolicies, was.EscalationPolicies):
		return outdated("schedule %s stands on other escalation policies", r.named(s.ID))
	case !slices.Equal(s.Teams, was.Teams):
		return outdated("schedule %s belongs to other teams", r.named(s.ID))
	}
	mentioned := map[string]bool{}
	for _, shift := range was.Shifts {
		mentioned[shift.User] = true
	}
	for _, shift := range s.Shifts {
		if _, known := r.base.Users[shift.User]; !known && !mentioned[shift.User] {
			return outdated("on schedule %s somebody is on call who was not there (%s)", r.named(s.ID), shift.User)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.schedules[s.ID] = s
	if !sameSchedule(s, was) {
		r.changed[s.ID] = true
	}
	return nil
}

// gone is an inventory.OutdatedError for an answer that says that a schedule is not what
// it was.
func (r *refresh) gone(id string, err error) error {
	if code := status(err); code == http.StatusNotFound || code == http.StatusBadRequest || code == http.StatusForbidden {
		return outdated("schedule %s can't be read as it was: %v", r.named(id), err)
	}
	return err
}

func (r *refresh) named(id string) string {
	return fmt.Sprintf("%s (%s)", r.base.Schedules[id].Name, id)
}

// setClock takes the first answer's time.
func (r *refresh) setClock(header http.Header) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		date = r.o.At
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.takenAt.IsZero() {
		r.takenAt = date.UTC().Truncate(time.Second)
	}
}

// result puts the answers in the snapshot's place.
func (r *refresh) result() (*inventory.Refreshed, error) {
	if w := r.base.Account.Window; r.takenAt.Before(r.base.Account.TakenAt) || !r.takenAt.Before(w.Until) {
		return nil, outdated("PagerDuty's clock went from %s to %s", r.base.Account.TakenAt.Format(time.RFC3339), r.takenAt.Format(time.RFC3339))
	}
	s := *r.base
	s.Account.TakenAt, s.Now = r.takenAt, r.takenAt
	s.Schedules = maps.Clone(r.base.Schedules)
	maps.Copy(s.Schedules, r.schedules)
	for id := range r.schedules {
		answer, differs := r.differs(&s, id)
		if !differs {
			answer = ""
		}
		if r.odd[id] = answer; differs && r.o.Accepted[id] != answer {
			r.changed[id] = true
		}
	}
	s.OnCalls = r.onCalls(&s)
	got := &inventory.Refreshed{
		Snapshot: &s, Changed: slices.Sorted(maps.Keys(r.changed)), Odd: r.odd, Behind: r.behind,
		Reread: map[string]bool{}, Compared: r.whole, Leaving: r.leaving, Levels: map[string]bool{},
	}
	for id := range r.schedules {
		got.Reread[id] = true
	}
	for _, id := range r.o.Policies {
		got.Levels[id] = r.all || r.wholePolicies[id]
	}
	return got, nil
}
