package oncall_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// edit is one change of who takes turns on the first layer or event of a
// schedule, in the schedule's local time. The judge knows who stays; the case
// says when turns change, and when those of somebody who stays do.
type edit struct {
	name        string
	schedule    inventory.Schedule
	now         string
	join, leave string
	earliest    string
	leaveEmpty  bool
	// changes and moves are "" for never, within the weeks judged.
	changes, moves string
	// successor says that the layer or event ends and another goes on.
	successor bool
	after     string // who takes turns afterwards, in the order of turns
}

var edits = []edit{
	{
		name:     "a fourth joins a weekly three after each has had a turn",
		schedule: layerBased(berlin, layer("L", local(berlin, "2026-06-01 09:00"), week, "ann", "bob", "cy")),
		now:      "2026-06-10 12:00", join: "dora",
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "bob cy ann dora",
	},
	{
		name:     "one of four leaves who is not on call",
		schedule: layerBased(berlin, layer("L", local(berlin, "2026-06-01 09:00"), week, "ann", "bob", "cy", "dora")),
		now:      "2026-06-10 12:00", leave: "dora",
		changes: "2026-06-22 09:00", moves: "2026-06-22 09:00", after: "bob cy ann",
	},
	{
		name:     "one of three leaves who is on call, after their turn",
		schedule: layerBased(berlin, layer("L", local(berlin, "2026-06-01 09:00"), week, "ann", "bob", "cy")),
		now:      "2026-06-10 12:00", leave: "bob", successor: true,
		changes: "2026-06-29 09:00", moves: "2026-06-29 09:00", after: "cy ann",
	},
}

func TestS23_NobodysTurnMoves(t *testing.T) {
	for _, c := range edits {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			now := local(c.schedule.TimeZone, c.now)
			revised, err := oncall.Revise(c.schedule, []oncall.Revision{c.revision()}, now)
			if err != nil {
				t.Fatal(err)
			}
			j := newJudge(c.schedule, c.line(), now)
			v := j.judge(t, c.schedule, revised.Schedule, now, strings.Fields(c.join), strings.Fields(c.leave))
			show := func(at time.Time) string {
				if at.IsZero() {
					return ""
				}
				loc, _ := time.LoadLocation(c.schedule.TimeZone)
				return at.In(loc).Format("2006-01-02 15:04")
			}
			if show(v.changes) != c.changes || show(v.moves) != c.moves {
				t.Errorf("turns change first at %q, of those who stay at %q; expected %q and %q", show(v.changes), show(v.moves), c.changes, c.moves)
			}
			change := revised.Changes[0]
			if got := strings.Join(change.After, " "); got != c.after || change.Successor != c.successor {
				t.Errorf("afterwards %q, with a successor %v; expected %q, %v", got, change.Successor, c.after, c.successor)
			}
			checkDisplaced(t, revised, v, now)
			again, err := oncall.Revise(revised.Schedule, []oncall.Revision{c.revision()}, now)
			if err == nil && len(again.Steps) > 0 && !change.Successor {
				t.Errorf("a second time there is something to do: %+v", again.Changes)
			}
		})
	}
}

func (c edit) revision() oncall.Revision {
	v := oncall.Revision{Join: strings.Fields(c.join), Leave: strings.Fields(c.leave), LeaveEmpty: c.leaveEmpty}
	if c.earliest != "" {
		v.Earliest = local(c.schedule.TimeZone, c.earliest)
	}
	v.Part = lastLine(c.schedule).ID
	return v
}

func (c edit) line() string { return lastLine(c.schedule).Name }

// lastLine is the line whose layer or event is revised: the last.
func lastLine(s inventory.Schedule) oncall.Line {
	lines := oncall.Lines(s, time.Time{})
	return lines[len(lines)-1]
}

// checkDisplaced: the people who are named are those whom the judge finds moved.
func checkDisplaced(t *testing.T, revised oncall.Revised, v verdict, now time.Time) {
	t.Helper()
	var named []string
	for _, d := range revised.Displaced {
		if d.Since.Before(now.Add(weeksJudged * 7 * days)) {
			named = append(named, d.User)
		}
	}
	slices.Sort(named)
	if diff := gocmp.Diff(v.moved, named); diff != "" {
		t.Errorf("who is said to be displaced differs from who is (-judge +said):\n%s", diff)
	}
}
