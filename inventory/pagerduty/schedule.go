package pagerduty

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// What the two lists of schedules are called in Account.Missing.
const (
	layerBased = "layer-based schedules"
	shiftBased = "shift-based schedules"
)

// readSchedules reads both kinds, the layer-based list first: an upgrade moves
// a schedule from it to the other, so that in this order one that is upgraded
// meanwhile is in both, and never in neither.
func (r *reading) readSchedules(ctx context.Context) {
	r.readLayerBased(ctx)
	r.readShiftBased(ctx)
}

func (r *reading) windowQuery() url.Values { return boundsOf(r.s.Account.Window) }

func boundsOf(w inventory.Window) url.Values {
	return url.Values{"since": {w.Since.Format(time.RFC3339)}, "until": {w.Until.Format(time.RFC3339)}}
}

func (r *reading) readLayerBased(ctx context.Context) {
	query := r.windowQuery()
	query["include[]"] = []string{"schedule_layers", "overrides_subschedule", "final_schedule"}
	l := list[wireLayered]{
		pattern: "/schedules", key: "schedules", query: query,
		id: wireLayered.id, progress: r.progress(layerBased),
	}
	got, err := readOfTeams(ctx, r, l, func(s wireLayered) string { return s.Name })
	if err != nil {
		r.miss(ctx, layerBased, err)
	}
	var group errgroup.Group
	group.SetLimit(2 * r.c.o.Concurrency)
	for _, w := range got.items {
		group.Go(func() error { r.addLayered(ctx, w); return nil })
	}
	_ = group.Wait()
}

// addLayered adds a schedule, with its overrides: their ids stand in a list of
// their own, asked for only where the rendering shows that there are any.
func (r *reading) addLayered(ctx context.Context, w wireLayered) {
	s := w.inventory(r.s.Account.Window)
	if what := w.lacks(); what != "" {
		r.miss(ctx, "schedule "+s.Name, lacking("/schedules/{}", w.ID, what))
		return
	}
	if was, kept := r.asBefore(s); kept {
		s.Overrides = was.Overrides
	} else if len(w.Overrides.Entries) > 0 {
		overrides, err := r.c.layeredOverrides(ctx, w.ID, r.s.Account.Window)
		if err != nil {
			r.miss(ctx, "overrides of schedule "+s.Name, err)
		}
		s.Overrides = overrides
	}
	r.addSchedule(s)
}

// asBefore says that a schedule is read again and renders as it did.
func (r *reading) asBefore(s inventory.Schedule) (was inventory.Schedule, same bool) {
	if r.base == nil {
		return was, false
	}
	was, known := r.base.Schedules[s.ID]
	return was, known && sameShifts(normalized(s), was)
}

// lacking is the error for an answer about one thing that lacks a part.
func lacking(pattern, id, what string) error {
	return misshapen(request{method: http.MethodGet, pattern: pattern, ids: []string{id}}, fmt.Errorf("it has no %q, or not whole", what))
}

// layered reads a layer-based schedule with its rendering over a window.
func (c *Client) layered(ctx context.Context, id string, w inventory.Window) (wireLayered, http.Header, error) {
	const pattern = "/schedules/{}"
	s, header, err := getOne[wireLayered](ctx, c, pattern, id, boundsOf(w), "schedule")
	if err == nil && s.lacks() != "" {
		err = lacking(pattern, id, s.lacks())
	}
	return s, header, err
}

// layeredOverrides are those that touch a window, whole, in the order of their
// creation.
func (c *Client) layeredOverrides(ctx context.Context, id string, w inventory.Window) ([]inventory.Override, error) {
	var answer []wireOverride
	query := boundsOf(w)
	query.Set("overflow", "true")
	_, err := c.getKey(ctx, "/schedules/{}/overrides", []string{id}, query, "overrides", &answer)
	var overrides []inventory.Override
	for _, o := range answer {
		overrides = append(overrides, o.inventory())
	}
	return overrides, err
}

// listedSchedule is a schedule as the list of shift-based ones has it.
type listedSchedule struct {
	ID      string `json:"id"`
	Summary string `json:"summary"`
}

var shiftBasedList = list[listedSchedule]{
	pattern: "/v3/schedules", key: "schedules", limit: 1000, uncounted: true,
	id: func(s listedSchedule) string { return s.ID },
}

// shiftBasedIDs are the ids of the shift-based schedules, none where the account's plan
// has no such.
func (c *Client) shiftBasedIDs(ctx context.Context) ([]string, error) {
	got, err := readList(ctx, c, shiftBasedList)
	if planLacks(err) {
		return nil, nil
	}
	listed := make([]string, 0, len(got.items))
	for _, s := range got.items {
		listed = append(listed, s.ID)
	}
	return listed, err
}

func (r *reading) readShiftBased(ctx context.Context) {
	got, err := readList(ctx, r.c, shiftBasedList)
	if err != nil && !planLacks(err) {
		r.miss(ctx, shiftBased, err)
	}
	progress, done := r.progress(shiftBased), 0
	var group errgroup.Group
	group.SetLimit(2 * r.c.o.Concurrency)
	for _, ref := range got.items {
		group.Go(func() error {
			err := r.addShiftBased(ctx, ref.ID)
			if err != nil && status(err) != 404 {
				r.miss(ctx, "schedule "+ref.Summary, err)
			}
			r.mu.Lock()
			done++
			n := done
			r.mu.Unlock()
			progress(n, len(got.items))
			return nil
		})
	}
	_ = group.Wait()
}

// addShiftBased reads a shift-based schedule with its overrides and custom
// shifts.
func (r *reading) addShiftBased(ctx context.Context, id string) error {
	w := r.s.Account.Window
	wire, header, err := r.c.shifted(ctx, id, w)
	if err != nil {
		return err
	}
	s, overrides, customShifts := r.c.withParts(ctx, wire, header, w)
	if overrides != nil {
		r.miss(ctx, "overrides of schedule "+s.Name, overrides)
	}
	if customShifts != nil {
		r.miss(ctx, "custom shifts of schedule "+s.Name, customShifts)
	}
	r.addSchedule(s)
	return nil
}

// shifted reads a shift-based schedule without overrides and custom shifts, and
// the answer's header.
func (c *Client) shifted(ctx context.Context, id string, w inventory.Window) (wireShifted, http.Header, error) {
	query := boundsOf(w)
	query["include[]"] = []string{"final_schedule"}
	const pattern = "/v3/schedules/{}"
	s, header, err := getOne[wireShifted](ctx, c, pattern, id, query, "schedule")
	if err == nil && s.lacks() != "" {
		err = lacking(pattern, id, s.lacks())
	}
	return s, header, err
}

// withParts is a shift-based schedule with its overrides and custom shifts. They are
// asked for where the rendering shows that there are any: by naming them, or by being
// another than rotations alone make, as where an override leaves a slot empty. What
// shows neither way changes nobody's shifts.
func (c *Client) withParts(ctx context.Context, wire wireShifted, header http.Header, w inventory.Window) (s inventory.Schedule, overrides, customShifts error) {
	s = wire.inventory(w)
	overridden, custom := wire.shows()
	if !overridden && !custom {
		differences, err := oncall.Compare(c.recognized(normalized(s), w), ahead(w, c.answeredAt(header)))
		overridden = err != nil || len(differences) > 0
	}
	if overridden {
		s.Overrides, overrides = c.shiftedOverrides(ctx, s.ID, w)
		custom = custom || slices.ContainsFunc(s.Overrides, func(o inventory.Override) bool { return o.CustomShift != nil })
	}
	if !custom {
		return s, overrides, nil
	}
	var whole bool
	if s.CustomShifts, whole = wire.customShifts(w, s.Overrides); !whole || !overridden || overrides != nil {
		s.CustomShifts, customShifts = c.customShifts(ctx, s.ID, w)
	}
	return s, overrides, customShifts
}

// answeredAt is when an answer was given, by PagerDuty's clock if it says.
func (c *Client) answeredAt(header http.Header) time.Time {
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = c.o.Now()
	}
	return now.UTC().Truncate(time.Second)
}

// shiftedOverrides and customShifts are those that touch a window, whole; beside
// an error, those that were read.
func (c *Client) shiftedOverrides(ctx context.Context, id string, w inventory.Window) ([]inventory.Override, error) {
	query := boundsOf(w)
	query.Set("overflow", "true")
	got, err := readList(ctx, c, list[wireShiftOverride]{
		pattern: "/v3/schedules/{}/overrides", ids: []string{id}, key: "overrides", query: query, uncounted: true,
		id: func(o wireShiftOverride) string { return o.ID },
	})
	var overrides []inventory.Override
	for _, o := range got.items {
		overrides = append(overrides, o.inventory())
	}
	return overrides, err
}

func (c *Client) customShifts(ctx context.Context, id string, w inventory.Window) ([]inventory.CustomShift, error) {
	query := boundsOf(w)
	query.Set("overflow", "true")
	got, err := readList(ctx, c, list[wireCustomShift]{
		pattern: "/v3/schedules/{}/custom_shifts", ids: []string{id}, key: "custom_shifts", query: query, uncounted: true,
		id: func(o wireCustomShift) string { return o.ID },
	})
	var shifts []inventory.CustomShift
	for _, s := range got.items {
		shifts = append(shifts, s.inventory())
	}
	return shifts, err
}

func (r *reading) addSchedule(s inventory.Schedule) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.Schedules[s.ID] = s
}

// Schedule reads one schedule of either kind, whole, as a snapshot with that
// window holds it. An error is an *Error, with the status 404 if PagerDuty says
// that there is no such schedule, or a *CountError.
func (c *Client) Schedule(ctx context.Context, id string, w inventory.Window) (inventory.Schedule, error) {
	wire, _, err := c.layered(ctx, id, w)
	var s inventory.Schedule
	switch {
	case err == nil:
		s, err = c.wholeLayered(ctx, wire, w)
	case status(err) == http.StatusNotFound || saysShiftBased(err):
		s, err = c.wholeShifted(ctx, id, w)
	}
	if err != nil {
		return inventory.Schedule{}, err
	}
	s.Normalize()
	return c.recognized(s, w), nil
}

// recognized is a schedule that is read alone, with how its events start.
func (c *Client) recognized(s inventory.Schedule, w inventory.Window) inventory.Schedule {
	one := map[string]inventory.Schedule{s.ID: s}
	oncall.Recognize(one, w, ahead(w, c.o.Now()), c.underWay.Load())
	return one[s.ID]
}

// recognize sets how the account's events start, and remembers it for schedules that
// are read alone and do not tell (S22).
func (c *Client) recognize(s *inventory.Snapshot) {
	underWay, told := oncall.Recognize(s.Schedules, s.Account.Window, ahead(s.Account.Window, s.Now), c.underWay.Load())
	if told {
		c.underWay.Store(underWay)
	}
}

// ahead is what of a window is still to come.
func ahead(w inventory.Window, now time.Time) inventory.Window {
	if now.After(w.Since) {
		w.Since = now
	}
	return w
}

func (c *Client) wholeLayered(ctx context.Context, wire wireLayered, w inventory.Window) (inventory.Schedule, error) {
	s := wire.inventory(w)
	if len(wire.Overrides.Entries) == 0 {
		return s, nil
	}
	var err error
	s.Overrides, err = c.layeredOverrides(ctx, wire.ID, w)
	return s, err
}

func (c *Client) wholeShifted(ctx context.Context, id string, w inventory.Window) (inventory.Schedule, error) {
	wire, header, err := c.shifted(ctx, id, w)
	if err != nil {
		return inventory.Schedule{}, err
	}
	s, overrides, customShifts := c.withParts(ctx, wire, header, w)
	return s, cmp.Or(overrides, customShifts)
}

// PreviewSchedule has PagerDuty render a layer-based schedule with the layers of
// s, without keeping it: the final schedule over a window, overrides aside. It is
// the second judge of an edit.
func (c *Client) PreviewSchedule(ctx context.Context, s inventory.Schedule, w inventory.Window) ([]inventory.Shift, error) {
	layers := make([]map[string]any, len(s.Layers))
	for i, l := range s.Layers {
		layers[i] = layerBody(l)
	}
	query := boundsOf(w)
	var answer struct {
		Schedule wireLayered `json:"schedule"`
	}
	r := request{method: http.MethodPost, pattern: "/schedules/preview", query: query, harmless: true, body: map[string]any{
		"schedule": map[string]any{"type": "schedule", "name": s.Name, "time_zone": s.TimeZone, "schedule_layers": layers},
	}}
	if err := c.send(ctx, r, &answer); err != nil {
		return nil, err
	}
	shifts := answer.Schedule.inventory(w)
	shifts.Normalize()
	return shifts.Shifts, nil
}

// stamp is a moment as PagerDuty is sent it: UTC and whole seconds.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// around is a window that holds a span, for looking for what lies there.
func around(start, end time.Time) inventory.Window {
	return inventory.Window{Since: start.UTC().Add(-time.Minute), Until: end.UTC().Add(time.Minute)}
}
