package oncall_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

func TestSeveralLayersChangeInOneWrite(t *testing.T) {
	s := layerBased(berlin,
		layer("L1", local(berlin, "2026-06-01 09:00"), week, "ann", "bob", "cy"),
		layer("L2", local(berlin, "2026-06-01 09:00"), 24*time.Hour, "xia", "yan", "zoe"),
		layer("L3", local(berlin, "2026-06-01 09:00"), week, "ann"))
	now := local(berlin, "2026-06-10 12:00")
	revised, err := oncall.Revise(s, []oncall.Revision{
		{Part: "L1", Leave: []string{"bob"}}, {Part: "L2", Join: []string{"ann"}}, {Part: "L3", Join: []string{"ann"}},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(revised.Steps) != 1 || len(revised.Changes) != 2 {
		t.Fatalf("%d steps for %d changes", len(revised.Steps), len(revised.Changes))
	}
	var ids []string
	for _, l := range revised.Steps[0].Layers {
		ids = append(ids, l.ID+" "+strings.Join(l.Users, ","))
	}
	equal(t, []string{"L1 ann,bob,cy", " ann,cy", "L2 xia,yan,zoe,ann", "L3 ann"}, ids)
	if !oncall.SameLayer(s.Layers[2], revised.Schedule.Layers[3]) {
		t.Error("a layer that nobody named changed")
	}
}

// PagerDuty zeroes seconds in layers, and turns may have any length.
func TestTurnsOfOddSecondsKeepTheirHandoff(t *testing.T) {
	s := turning(berlin, "2026-06-10 09:00", 3661*time.Second, "ann", "bob", "cy")
	now := local(berlin, "2026-06-10 12:30")
	for _, v := range []oncall.Revision{
		{Part: "L", Join: []string{"dora"}}, {Part: "L", Leave: []string{"cy"}}, {Part: "L", Leave: []string{"ann"}, Join: []string{"dora"}},
	} {
		revised, err := oncall.Revise(s, []oncall.Revision{v}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range revised.Schedule.Layers {
			for _, at := range []time.Time{l.Start, l.VirtualStart, revised.Changes[0].Effective} {
				if !at.Equal(at.Truncate(time.Minute)) && revised.Changes[0].Successor {
					t.Errorf("%+v: %s has seconds", v, at)
				}
			}
			if (l.VirtualStart.Unix()-s.Layers[0].VirtualStart.Unix())%3661 != 0 {
				t.Errorf("%+v: turns begin at other times: virtual start %s", v, l.VirtualStart)
			}
		}
	}
}

// Whether PagerDuty counts turns from an event's first occurrence or from the
// first in effect is not documented: where the two are one, it does not matter.
func TestASuccessorCountsFromItsFirstOccurrence(t *testing.T) {
	for _, c := range edits {
		now := local(c.schedule.TimeZone, c.now)
		revised, err := oncall.Revise(c.schedule, []oncall.Revision{c.revision()}, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range revised.Steps {
			counted := step.Event != nil && strings.Contains(step.Event.Recurrence[0], "COUNT") // begins where it did, to end where it did
			if step.Does == oncall.CreateEvent && !counted && !step.Event.Start.Equal(step.Event.EffectiveSince) {
				t.Errorf("%s: counts from %s, takes effect at %s", c.name, step.Event.Start, step.Event.EffectiveSince)
			}
		}
	}
}

func TestARevisionSurvivesBeingWrittenDown(t *testing.T) {
	for _, c := range edits {
		now := local(c.schedule.TimeZone, c.now)
		c.schedule = asInASnapshot(t, c.schedule)
		revised, err := oncall.Revise(c.schedule, []oncall.Revision{c.revision()}, now)
		if err != nil {
			t.Fatal(err)
		}
		written, err := json.Marshal(revised)
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range []string{"changes", "steps", "displaced", "layers", "before", "after"} {
			if strings.Contains(string(written), `"`+list+`":null`) {
				t.Errorf("%s: %s is null", c.name, list)
			}
		}
		var back oncall.Revised
		if err := json.Unmarshal(written, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(revised, back); diff != "" {
			t.Errorf("%s (-made +read):\n%s", c.name, diff)
		}
	}
}

// asInASnapshot is a copy of s in the form that snapshots have.
func asInASnapshot(t *testing.T, s inventory.Schedule) inventory.Schedule {
	t.Helper()
	written, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var own inventory.Schedule
	if err := json.Unmarshal(written, &own); err != nil {
		t.Fatal(err)
	}
	own.Normalize()
	return own
}
