package oncall_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/oncall"
)

// january is the window of the shifts here.
func january() inventory.Window {
	return inventory.Window{Since: date("2026-01-01"), Until: date("2026-01-31")}
}

// dutyLines are a duty as lines: "on ann 01-02 00 to 01-03 00", "next …" and
// "resumes …", with "…" for what the window does not reach.
func dutyLines(d oncall.Duty) []string {
	show := func(t time.Time) string {
		if t.IsZero() {
			return "…"
		}
		return t.Format("01-02 15")
	}
	lines := []string{}
	for _, s := range d.On {
		lines = append(lines, "on "+s.User+" "+show(s.Start)+" to "+show(s.End))
	}
	spell := func(what string, s *oncall.Spell) {
		if s != nil {
			lines = append(lines, what+" "+strings.Join(s.Users, "+")+" "+show(s.Start)+" to "+show(s.End))
		}
	}
	spell("next", d.Next)
	spell("resumes", d.Resumes)
	return lines
}

func TestDutySaysWhoIsOnUntilWhenAndWhoIsNext(t *testing.T) {
	for _, c := range []struct {
		name   string
		shifts []inventory.Shift
		at     string
		want   []string
	}{
		{
			"one hands over to the next",
			[]inventory.Shift{shift("ann", "2026-01-02", "2026-01-09"), shift("bob", "2026-01-09", "2026-01-16")}, "2026-01-05",
			[]string{"on ann 01-02 00 to 01-09 00", "next bob 01-09 00 to 01-16 00"},
		},
		{
			"a handoff belongs to the successor",
			[]inventory.Shift{shift("ann", "2026-01-02", "2026-01-09"), shift("bob", "2026-01-09", "2026-01-16")}, "2026-01-09",
			[]string{"on bob 01-09 00 to 01-16 00", "next  01-16 00 to …"},
		},
		{
			"a gap comes next, and then somebody",
			[]inventory.Shift{shift("ann", "2026-01-02", "2026-01-03"), shift("bob", "2026-01-05", "2026-01-06")}, "2026-01-02",
			[]string{"on ann 01-02 00 to 01-03 00", "next  01-03 00 to 01-05 00", "resumes bob 01-05 00 to 01-06 00"},
		},
		{
			"nobody is on call until somebody is",
			[]inventory.Shift{shift("bob", "2026-01-05", "2026-01-06")}, "2026-01-02",
			[]string{"next bob 01-05 00 to 01-06 00"},
		},
		{
			"of several at once each has their own end, and the first end is the next change",
			[]inventory.Shift{shift("cy", "2026-01-02", "2026-01-06"), shift("ann", "2026-01-02", "2026-01-04"), shift("bob", "2026-01-06", "2026-01-07")}, "2026-01-03",
			[]string{"on ann 01-02 00 to 01-04 00", "on cy 01-02 00 to 01-06 00", "next cy 01-04 00 to 01-06 00"},
		},
		{
			"two shifts of one person without a break are one",
			[]inventory.Shift{shift("ann", "2026-01-02", "2026-01-04"), shift("ann", "2026-01-04", "2026-01-06"), shift("bob", "2026-01-06", "2026-01-07")}, "2026-01-03",
			[]string{"on ann 01-02 00 to 01-06 00", "next bob 01-06 00 to 01-07 00"},
		},
		{
			"what reaches the window's edges is unbounded there",
			[]inventory.Shift{shift("ann", "2026-01-01", "2026-01-31")}, "2026-01-03",
			[]string{"on ann … to …"},
		},
		{
			"the successor's time may reach beyond the window",
			[]inventory.Shift{shift("ann", "2026-01-01", "2026-01-20"), shift("bob", "2026-01-20", "2026-01-31")}, "2026-01-03",
			[]string{"on ann … to 01-20 00", "next bob 01-20 00 to …"},
		},
		{"a schedule without shifts has nobody, and nobody next", nil, "2026-01-03", []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, dutyLines(oncall.DutyAt(c.shifts, january(), date(c.at)))); diff != "" {
				t.Errorf("duty (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDutyOfALevelUnitesItsSchedulesAndThePeopleOnIt(t *testing.T) {
	snap := escalating()
	snap.Account.Window = january()
	for _, c := range []struct {
		name  string
		level int
		at    string
		want  []string
	}{
		{"a person directly on it is always on call", 1, "2026-01-01T12:00", []string{"on ann … to 01-02 00", "on dora … to …", "next bob+dora 01-02 00 to 01-03 00"}},
		{"and leaves no gap", 1, "2026-01-05", []string{"on dora … to …"}},
		{"without one there are gaps", 2, "2026-01-02", []string{"on bob 01-02 00 to 01-03 00", "next  01-03 00 to …"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, dutyLines(oncall.LevelDuty(snap, "P", c.level, date(c.at)))); diff != "" {
				t.Errorf("duty (-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff([]string{"GONE"}, oncall.Unread(snap, "P", 3)); diff != "" {
		t.Errorf("unread schedules (-want +got):\n%s", diff)
	}
}
