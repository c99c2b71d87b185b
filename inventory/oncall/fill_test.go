package oncall_test

import (
	"errors"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// blank is a weekly layer without anybody, from a Monday at nine.
func blank(id string) inventory.Layer {
	return layer(id, local(berlin, "2026-06-01 09:00"), week)
}

func TestS23_ALayerWithoutAnybodyIsFilled(t *testing.T) {
	occupied := layer("O", local(berlin, "2026-06-01 21:00"), week, "zoe")
	cases := []struct {
		name     string
		schedule inventory.Schedule
		part     string
		want     []string // who is on call on three Wednesdays, from the present one
		start    string   // of the layer afterwards
	}{
		{"alone, from the turn under way", layerBased(berlin, blank("L")), "L", []string{"ann", "bob", "ann"}, "2026-06-01 09:00"},
		{"beneath another, whom it hides nothing of", layerBased(berlin, blank("L"), occupied), "L", []string{"zoe", "zoe", "zoe"}, "2026-06-01 09:00"},
		{"above another, after the next handoff", layerBased(berlin, occupied, blank("L")), "L", []string{"zoe", "ann", "bob"}, "2026-06-15 09:00"},
		{
			"above one that is closed now, at once",
			layerBased(berlin, with(layerBased(berlin, layer("O", local(berlin, "2026-06-01 21:00"), week, "zoe")), func(l *inventory.Layer) {
				l.Restrictions = []inventory.Restriction{daily("20:00:00", 4*time.Hour)}
			}).Layers[0], blank("L")), "L", []string{"ann", "bob", "ann"}, "2026-06-01 09:00",
		},
	}
	now := local(berlin, "2026-06-10 12:00")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			revised, err := oncall.Revise(c.schedule, []oncall.Revision{{Part: c.part, Join: []string{"ann", "bob"}}}, now)
			if err != nil {
				t.Fatal(err)
			}
			shifts, err := oncall.Render(revised.Schedule, now, now.AddDate(0, 0, 21))
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range c.want {
				on := oncall.At(shifts, now.AddDate(0, 0, 7*i))
				if len(on) != 1 || on[0].User != want {
					t.Errorf("in week %d: %v, expected %s", i, on, want)
				}
			}
			for _, l := range revised.Schedule.Layers {
				if l.ID == c.part && !l.Start.Equal(local(berlin, c.start)) {
					t.Errorf("the layer begins %s, expected %s", l.Start, c.start)
				}
			}
			if again, err := oncall.Revise(revised.Schedule, []oncall.Revision{{Part: c.part, Join: []string{"ann", "bob"}}}, now); err != nil || len(again.Steps) != 0 {
				t.Errorf("a second time: %+v, %v", again.Steps, err)
			}
		})
	}
}

func TestS16_ALayerWithoutAnybodyKeepsOthersFromBeingChanged(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	s := layerBased(berlin, blank("E"), layer("L", local(berlin, "2026-06-01 09:00"), week, "ann", "bob"))
	_, err := oncall.Revise(s, []oncall.Revision{{Part: "L", Join: []string{"cy"}}}, now)
	var refused *oncall.RefusedError
	if !errors.As(err, &refused) || refused.Reason != oncall.DesertedPart || refused.Part != "E" {
		t.Errorf("refused: %v", err)
	}
	both := []oncall.Revision{{Part: "L", Join: []string{"cy"}}, {Part: "E", Join: []string{"dora"}}}
	if _, err := oncall.Revise(s, both, now); err != nil {
		t.Errorf("with somebody for it as well: %v", err)
	}
	if revised, err := oncall.Revise(s, []oncall.Revision{{Part: "L", Join: []string{"ann"}}}, now); err != nil || len(revised.Steps) != 0 {
		t.Errorf("where nothing changes: %+v, %v", revised.Steps, err)
	}
}

func TestALayerThatHasEndedIsNotFilled(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	ended := blank("L")
	ended.End = ptr(now.Add(-time.Hour))
	_, err := oncall.Revise(layerBased(berlin, ended), []oncall.Revision{{Part: "L", Join: []string{"cy"}}}, now)
	var refused *oncall.RefusedError
	if !errors.As(err, &refused) || refused.Reason != oncall.EndedPart {
		t.Errorf("refused: %v", err)
	}
}

// A virtual start amid a minute has no handoff that PagerDuty could be given.
func TestALayerThatHandsOverAmidAMinuteIsRefused(t *testing.T) {
	now := local(berlin, "2026-06-10 12:00")
	s := with(layerBased(berlin, layer("L", local(berlin, "2026-06-01 09:00"), week, "ann", "bob")), func(l *inventory.Layer) {
		l.VirtualStart = l.VirtualStart.Add(30 * time.Second)
	})
	_, err := oncall.Revise(s, []oncall.Revision{{Part: "L", Join: []string{"cy"}, Leave: []string{"ann", "bob"}}}, now)
	var refused *oncall.RefusedError
	if !errors.As(err, &refused) || refused.Reason != oncall.NotPossible {
		t.Errorf("refused: %v", err)
	}
}
