package pagerduty

import (
	"context"
	"net/url"
	"time"

	"github.com/dutyward/dutyward/inventory"

	"golang.org/x/sync/errgroup"
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

func (r *reading) windowQuery() url.Values {
	w := r.s.Account.Window
	return url.Values{"since": {w.Since.Format(time.RFC3339)}, "until": {w.Until.Format(time.RFC3339)}}
}

func (r *reading) readLayerBased(ctx context.Context) {
	query := r.windowQuery()
	query["include[]"] = []string{"schedule_layers", "overrides_subschedule", "final_schedule"}
	l := list[wireLayered]{
		pattern: "/schedules", key: "schedules", query: query,
		id: func(s wireLayered) string { return s.ID }, progress: r.progress(layerBased),
	}
	got, err := readList(ctx, r.c, l)
	if err == nil && got.total > len(got.items) {
		<-r.members // for the teams
		b := beyond[wireLayered]{
			c: r.c, l: l, name: func(s wireLayered) string { return s.Name },
			filters: batches("team_ids[]", r.teamIDs()), byName: true,
		}
		got, err = b.read(ctx, got)
	}
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
	if len(w.Overrides.Entries) > 0 {
		var answer struct {
			Overrides []wireOverride `json:"overrides"`
		}
		query := r.windowQuery()
		query.Set("overflow", "true")
		if _, err := r.c.get(ctx, "/schedules/{}/overrides", []string{w.ID}, query, &answer); err != nil {
			r.miss(ctx, "overrides of schedule "+s.Name, err)
		}
		for _, o := range answer.Overrides {
			s.Overrides = append(s.Overrides, o.inventory())
		}
	}
	r.addSchedule(s)
}

func (r *reading) readShiftBased(ctx context.Context) {
	type reference struct {
		ID      string `json:"id"`
		Summary string `json:"summary"`
	}
	got, err := readList(ctx, r.c, list[reference]{
		pattern: "/v3/schedules", key: "schedules", limit: 1000, uncounted: true,
		id: func(s reference) string { return s.ID },
	})
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
	query := r.windowQuery()
	query["include[]"] = []string{"final_schedule"}
	var answer struct {
		Schedule wireShifted `json:"schedule"`
	}
	if _, err := r.c.get(ctx, "/v3/schedules/{}", []string{id}, query, &answer); err != nil {
		return err
	}
	s := answer.Schedule.inventory(r.s.Account.Window)

	query = r.windowQuery()
	query.Set("overflow", "true")
	overrides, err := readList(ctx, r.c, list[wireShiftOverride]{
		pattern: "/v3/schedules/{}/overrides", ids: []string{id}, key: "overrides", query: query, uncounted: true,
		id: func(o wireShiftOverride) string { return o.ID },
	})
	if err != nil {
		r.miss(ctx, "overrides of schedule "+s.Name, err)
	}
	for _, o := range overrides.items {
		s.Overrides = append(s.Overrides, o.inventory())
	}
	custom, err := readList(ctx, r.c, list[wireCustomShift]{
		pattern: "/v3/schedules/{}/custom_shifts", ids: []string{id}, key: "custom_shifts", query: query, uncounted: true,
		id: func(o wireCustomShift) string { return o.ID },
	})
	if err != nil {
		r.miss(ctx, "custom shifts of schedule "+s.Name, err)
	}
	for _, shift := range custom.items {
		s.CustomShifts = append(s.CustomShifts, shift.inventory())
	}
	r.addSchedule(s)
	return nil
}

func (r *reading) addSchedule(s inventory.Schedule) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.Schedules[s.ID] = s
}
