package demo

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/fatih/color"
	"golang.org/x/term"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// The rules of what the demo tells:
//
//  1. One line is one thing that happened, with the account's time before it where
//     that moved, and wrapped under itself where it is long.
//  2. The mark says whose line it is: the world's, a change of Dutyward's, what it
//     declines or warns of, or what it says of itself.
//  3. Dutyward's lines are events, in the words of the log where they are not about a
//     change. What is known by its reason alone is reported with it.
//  4. Colours repeat the mark.

// The marks.
const (
	markWorld = "●"
	markRaise = "+"
	markOther = "~"
	markLower = "-"
	markAlarm = "!"
	markNote  = "·"
)

// teller tells the demo. It is a sink of the daemon's events: those of a round are
// reported when it is over, its changes in a fixed order, for they are made side by side.
type teller struct {
	out      io.Writer
	colour   bool
	terminal bool
	width    int
	now      func() time.Time
	// people maps e-mail addresses to names.
	people map[string]string

	mu       sync.Mutex
	happened []events.Event
	// told is the time before the last line; lines are those since unread was
	// asked.
	told  string
	lines int
}

func newTeller(a *session.Process, seed *inventory.Snapshot, now func() time.Time) *teller {
	t := &teller{out: a.Stdout, colour: a.Style(a.Stdout).Colour, terminal: terminal.Is(a.Stdout), width: 100, now: now, people: map[string]string{}}
	if f, ok := terminal.FileOf(a.Stdout); ok && t.terminal {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			t.width = max(60, min(w, 120))
		}
	}
	for _, u := range seed.Users {
		t.people[u.Email] = u.Name
	}
	return t
}

// legend says what one is going to see.
func (t *teller) legend(speed float64, seed *inventory.Snapshot) {
	pace := "as fast as it can"
	if speed > 0 {
		pace = fmt.Sprintf("%s of theirs a second", time.Duration(speed*float64(time.Second)).Round(time.Second))
		if speed == UsualSpeed {
			pace = "a quarter of an hour of theirs a second"
		}
	}
	t.plain(fmt.Sprintf("Dutyward keeps who has what in PagerDuty equal to what Rego policies say. This is `dutyward run` at a made-up company: "+
		"%d people, %d teams, %d on-call schedules, %s. Ctrl-C ends it.", len(seed.Users), len(seed.Teams), len(seed.Schedules), pace))
	t.plain("")
	for _, l := range []struct{ mark, says string }{
		{markWorld, "what happens there: people, PagerDuty, policies that are saved"},
		{markRaise, "access that Dutyward gives, " + markLower + " takes away, " + markOther + " changes, with the cause and the reason"},
		{markAlarm, "what it declines to do, or warns of"},
		{markNote, "what it says of itself"},
	} {
		fmt.Fprintf(t.out, "  %s %s\n", t.paint(l.mark, l.mark), l.says)
	}
	t.plain("")
	t.plain("Its policies are examples/company. A first round brings the account to what they say:")
	t.plain("")
}

// world tells what somebody did.
func (t *teller) world(text string) { t.line(markWorld, text) }

// farewell ends it.
func (t *teller) farewell(s daemon.Status) {
	t.wipe()
	given, taken := map[plan.Cause]int{}, map[plan.Cause]int{}
	for _, n := range s.Changes {
		if n.Effect == plan.Raise {
			given[n.Cause] += n.Count
		} else {
			taken[n.Cause] += n.Count
		}
	}
	var parts []string
	for _, c := range plan.Causes() {
		if given[c]+taken[c] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d given and %d taken", causeWords[c], given[c], taken[c]))
		}
	}
	t.plain("")
	t.plain(fmt.Sprintf("%s, by cause: %s. The account is gone, and nothing is left behind.", report.Counted(s.Rounds, "round"), cmp.Or(strings.Join(parts, "; "), "nothing to do")))
	t.plain("Next: `dutyward demo --once` shows a plan with the rules behind each line. On your own account a first run changes nothing: see README.md, or `dutyward help configuration`.")
}

// line tells one thing.
func (t *teller) line(mark, text string) {
	t.wipe()
	stamp := t.now().UTC().Format("Mon 15:04")
	if stamp == t.told {
		stamp = strings.Repeat(" ", len(stamp))
	} else {
		if t.told != "" {
			fmt.Fprintln(t.out)
		}
		t.told = stamp
	}
	indent := utf8.RuneCountInString(stamp) + 5
	for i, l := range report.Wrapped(text, t.width-indent) {
		if i == 0 {
			fmt.Fprintf(t.out, "%s  %s  %s\n", t.paint("time", stamp), t.paint(mark, mark), t.paint(mark, l))
		} else {
			fmt.Fprintf(t.out, "%s%s\n", strings.Repeat(" ", indent), t.paint(mark, l))
		}
		t.lines++
	}
}

// plain tells something outside of time.
func (t *teller) plain(text string) {
	for _, l := range report.Wrapped(text, t.width) {
		fmt.Fprintln(t.out, l)
	}
}

func (t *teller) paint(mark, text string) string {
	c := color.New(map[string][]color.Attribute{
		markWorld: {color.FgCyan}, markRaise: {color.FgGreen}, markLower: {color.FgRed}, markOther: {color.FgBlue},
		markAlarm: {color.FgYellow}, markNote: {color.Faint}, "time": {color.Bold},
	}[mark]...)
	if t.colour {
		c.EnableColor()
	} else {
		c.DisableColor()
	}
	return c.Sprint(text)
}

// ticking shows the clock and who is on duty in one line that the next one
// wipes; on a terminal only.
func (t *teller) ticking(now time.Time, onDuty string) {
	if !t.terminal {
		return
	}
	text := []rune(now.UTC().Format("Mon 15:04") + "     production: " + onDuty)
	fmt.Fprintf(t.out, "\r\033[K%s", t.paint(markNote, string(text[:min(len(text), t.width-1)])))
}

func (t *teller) wipe() {
	if t.terminal {
		fmt.Fprint(t.out, "\r\033[K")
	}
}

// unread counts the lines written since it was asked.
func (t *teller) unread() int {
	n := t.lines
	t.lines = 0
	return n
}
