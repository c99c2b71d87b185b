package oncall_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

func TestLinesAreLayersWithThoseThatTakeOverFromThem(t *testing.T) {
	t0 := time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)
	in := func(hours int) time.Time { return t0.Add(time.Duration(hours) * time.Hour) }
	layer := func(id, name string, start int, end *int, users ...string) inventory.Layer {
		l := inventory.Layer{ID: id, Name: name, Start: in(start), Users: users}
		if end != nil {
			e := in(*end)
			l.End = &e
		}
		return l
	}
	hour := func(h int) *int { return &h }
	s := inventory.Schedule{Kind: inventory.ScheduleOfLayers, Layers: []inventory.Layer{
		layer("A2", "Day", 5, nil, "bob", "cy", "bob"),
		layer("B", "Night", -100, nil, "di"),
		layer("A0", "Day", -100, hour(-50), "eve"),
		layer("A1", "Day", -50, hour(5), "ann", "bob"),
		layer("C", "Day", -10, nil, "fay"), // overlaps the others: a line of its own
		layer("D", "Old", -10, hour(0), "fay"),
	}}
	want := []oncall.Line{
		{ID: "A2", Name: "Day", IDs: []string{"A0", "A1", "A2"}, Members: []string{"bob", "cy"}, Present: []string{"ann", "bob", "cy"}},
		{ID: "B", Name: "Night", IDs: []string{"B"}, Members: []string{"di"}, Present: []string{"di"}},
		{ID: "C", Name: "Day", IDs: []string{"C"}, Members: []string{"fay"}, Present: []string{"fay"}},
	}
	if diff := cmp.Diff(want, oncall.Lines(s, t0)); diff != "" {
		t.Errorf("lines differ (-want +got):\n%s", diff)
	}
}
