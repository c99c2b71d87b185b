package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/fatih/color"
	"golang.org/x/term"

	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/daemon"
	"github.com/dutyward/dutyward/reconcile/plan"
	"github.com/dutyward/dutyward/reconcile/report"
)

// The rules of what the demo tells:
//
//  1. One line is one thing that happened, with the account's time before it where
//     that moved, and wrapped under itself where it is long.
//  2. The mark says whose line it is: the world's, a change of Dutyward's, what it
//     declines or warns of, or what it says of itself.
//  3. Dutyward's lines are its log, word for word where it is not about a change.
//     What is known by its reason alone is told with it.
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

// teller tells the demo. It is the log of the daemon too: what a round logs is
// told when the round is over, its changes in a fixed order, for they are made
// side by side.
type teller struct {
	out      io.Writer
	colour   bool
	terminal bool
	width    int
	now      func() time.Time
	// people maps e-mail addresses to names.
	people map[string]string

	mu      sync.Mutex
	records []slog.Record
	// told is the time before the last line; lines are those since unread was
	// asked.
	told  string
	lines int
}

func newTeller(a *app, seed *inventory.Snapshot, now func() time.Time) *teller {
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
		if speed == usualSpeed {
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

// Enabled lets everything through: the end of a quiet round is told nowhere, and
// known here.
func (t *teller) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs and WithGroup are for loggers that nobody makes here.
func (t *teller) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup does nothing, as WithAttrs.
func (t *teller) WithGroup(string) slog.Handler { return t }

// Handle keeps a line of the log until flush.
func (t *teller) Handle(_ context.Context, r slog.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.records = append(t.records, r.Clone())
	return nil
}

// flush tells what was logged since.
func (t *teller) flush() {
	t.mu.Lock()
	records := t.records
	t.records = nil
	t.mu.Unlock()
	var changes, others []logged
	for _, r := range records {
		l := read(r)
		switch {
		case l.Message == "round", l.Message == "handed over", l.Level < slog.LevelInfo:
		case l.isChange():
			changes = append(changes, l)
		default:
			others = append(others, l)
		}
	}
	slices.SortStableFunc(changes, func(a, b logged) int {
		return cmp.Or(strings.Compare(b.Message, a.Message), // raised before lowered
			strings.Compare(a.at["resource"], b.at["resource"]), strings.Compare(a.at["user"], b.at["user"]))
	})
	for _, l := range changes {
		t.line(l.mark(), t.change(l))
	}
	why := ""
	for _, l := range others {
		if l.at["why"] != "" && l.at["why"] == why {
			l.at["why"], l.at["release"] = "for the same reason", ""
		} else {
			why = l.at["why"]
		}
		t.line(l.mark(), t.other(l))
	}
}

// logged is a line of the log, with its attributes as text.
type logged struct {
	slog.Record
	at   map[string]string
	keys []string
}

func read(r slog.Record) logged {
	l := logged{Record: r, at: map[string]string{}}
	r.Attrs(func(a slog.Attr) bool {
		l.keys = append(l.keys, a.Key)
		l.at[a.Key] = a.Value.String()
		return true
	})
	return l
}

// isChange says that it is one of "raised" and "lowered".
func (l logged) isChange() bool { return l.Message == "raised" || l.Message == "lowered" }

func (l logged) mark() string {
	switch {
	case l.isChange() && l.at["before"] == inventory.None:
		return markRaise
	case l.isChange() && l.at["after"] == inventory.None:
		return markLower
	case l.isChange():
		return markOther
	case l.Level >= slog.LevelWarn:
		return markAlarm
	}
	return markNote
}

// causeWords are the causes for a reader who does not know them.
var causeWords = map[plan.Cause]string{
	plan.CauseLeaver: "leavers", plan.CausePolicy: "policy", plan.CauseExpiry: "expiry",
	plan.CauseHandover: "hand-over", plan.CauseFacts: "facts", plan.CauseDrift: "drift", plan.CauseRevert: "revert",
}

// change is "Tara Singh is taken off Payments (was manager). Drift: …".
func (t *teller) change(l logged) string {
	cause := causeWords[plan.Cause(l.at["cause"])]
	return fmt.Sprintf("%s %s: %s", t.move(l, "becomes", "is", "goes"), strings.ToUpper(cause[:1])+cause[1:], shortTimes(l.at["reason"]))
}

// move says which change a line is about, as a sentence with these verbs.
func (t *teller) move(l logged, becomes, is, goes string) string {
	who := cmp.Or(t.people[l.at["user"]], l.at["user"])
	before, after := l.at["before"], l.at["after"]
	if l.at["resource"] == string(inventory.KindAccount) {
		return fmt.Sprintf("%s %s from base role %s to %s.", who, goes, label(before), label(after))
	}
	team := strings.TrimPrefix(l.at["resource"], "team:")
	switch {
	case before == inventory.None:
		return fmt.Sprintf("%s %s %s on %s.", who, becomes, after, team)
	case after == inventory.None:
		return fmt.Sprintf("%s %s taken off %s (was %s).", who, is, team, before)
	}
	return fmt.Sprintf("%s %s from %s to %s on %s.", who, goes, before, after, team)
}

func label(role string) string { return cmp.Or(inventory.BaseRoleLabel(role), role) }

// shortTimes leaves the year and the zone out of a text's times.
func shortTimes(text string) string {
	words := strings.Fields(text)
	for i := 0; i+2 < len(words); i++ {
		day, err := time.Parse("2006-01-02 15:04", words[i]+" "+words[i+1])
		if err == nil && strings.HasPrefix(words[i+2], "UTC") {
			words[i], words[i+2] = day.Format("Mon"), strings.TrimPrefix(words[i+2], "UTC")
		}
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// asides are attributes that say nothing new to somebody who watches.
var asides = []string{"user", "resource", "before", "after", "cause", "rule", "first", "key", "since", "broken_since", "suspended_since", "severity", "subject", "errors", "keys"}

// reasons are attributes that are sentences of their own, with what leads to
// them.
var reasons = map[string]string{
	"why": ": ", "problem": ": ", "error": ": ", "message": ": ", "reason": ": ", "which": ": ",
	"remediation": ". To mend: ", "release": ". What lets it through: ",
}

// other is a line of the log that is no change: its message, its numbers, and
// then its reasons.
func (t *teller) other(l logged) string {
	if l.at["role"] != "" && l.at["until"] != "" {
		return t.ending(l)
	}
	var numbers []string
	var why string
	for _, k := range l.keys {
		v := t.firstLines(l.at[k])
		lead, isReason := reasons[k]
		switch {
		case v == "" || slices.Contains(asides, k):
		case isReason:
			why += lead + shortTimes(v)
		case strings.Contains(strings.ToLower(l.Message), k):
			numbers = append(numbers, v)
		case v != "0":
			numbers = append(numbers, strings.ReplaceAll(k, "_", " ")+" "+v)
		}
	}
	text := strings.ToUpper(l.Message[:1]) + l.Message[1:]
	switch {
	case l.at["before"] != "":
		text = t.move(l, "would become", "would be", "would go") + " " + text
	case l.at["severity"] != "":
		text += " (" + l.at["severity"] + ")"
	case len(numbers) > 0:
		text += " (" + strings.Join(numbers, ", ") + ")"
	}
	return text + why
}

// ending is "Access for a while ends soon: Bea Santos is responder on Search
// until Mon 19:00."
func (t *teller) ending(l logged) string {
	until := l.at["until"]
	if m, err := time.Parse(time.RFC3339, until); err == nil {
		until = m.UTC().Format("Mon 15:04")
	}
	return fmt.Sprintf("Access for a while ends soon: %s is %s on %s until %s.",
		cmp.Or(t.people[l.at["user"]], l.at["user"]), l.at["role"], strings.TrimPrefix(l.at["resource"], "team:"), until)
}

// firstLines leaves out of the problems in policies the lines that they quote.
func (t *teller) firstLines(text string) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t") })
	return strings.TrimSpace(strings.Join(lines, "; "))
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

// unread counts the lines told since it was asked.
func (t *teller) unread() int {
	n := t.lines
	t.lines = 0
	return n
}
