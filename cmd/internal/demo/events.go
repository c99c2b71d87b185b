package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/code"
	"github.com/dutyward/dutyward/reconcile/events"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Tell keeps an event until flush.
func (t *teller) Tell(e events.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.happened = append(t.happened, e)
}

// flush tells what happened since.
func (t *teller) flush() {
	t.mu.Lock()
	happened := t.happened
	t.happened = nil
	t.mu.Unlock()
	var changes, others []events.Event
	for _, e := range happened {
		switch {
		case e.Code == events.RoundEnded, e.Code == events.RoundRetried, e.Code == events.Handoff, e.Severity == events.Debug:
		case isChange(e):
			changes = append(changes, e)
		default:
			others = append(others, e)
		}
	}
	slices.SortStableFunc(changes, func(a, b events.Event) int {
		return cmp.Or(strings.Compare(string(b.Code), string(a.Code)), // raised before lowered
			strings.Compare(a.Resource.Name, b.Resource.Name), strings.Compare(a.User.Name, b.User.Name))
	})
	for _, e := range changes {
		t.line(markOf(e), t.change(e))
	}
	why := ""
	for _, e := range others {
		if e.Reason != "" && e.Reason == why {
			e.Reason, e.Remedy = "for the same reason", ""
		} else {
			why = e.Reason
		}
		t.line(markOf(e), t.other(e))
	}
}

// isChange says that access was changed.
func isChange(e events.Event) bool {
	return e.Code == events.AccessRaised || e.Code == events.AccessLowered
}

func markOf(e events.Event) string {
	switch {
	case isChange(e) && e.Before == inventory.None:
		return markRaise
	case isChange(e) && e.After == inventory.None:
		return markLower
	case isChange(e):
		return markOther
	case e.Severity == events.Warning, e.Severity == events.Error:
		return markAlarm
	}
	return markNote
}

// causeWords are the causes for a reader who does not know them.
var causeWords = map[plan.Cause]string{
	plan.CauseLeaver: "leavers", plan.CausePolicy: "policy", plan.CauseExpiry: "expiry",
	plan.CauseHandoff: "handoff", plan.CauseFacts: "facts", plan.CauseDrift: "drift", plan.CauseRevert: "revert",
}

// change is "Tara Singh is taken off Payments (was manager). Drift: …".
func (t *teller) change(e events.Event) string {
	return fmt.Sprintf("%s %s: %s", t.move(e, "becomes", "is", "goes"), capital(causeWords[e.Cause]), shortTimes(e.Reason))
}

// move says which change an event is about, as a sentence with these verbs.
func (t *teller) move(e events.Event, becomes, is, goes string) string {
	who := t.person(e)
	if e.Resource.Ref.Kind == inventory.KindAccount {
		return fmt.Sprintf("%s %s from base role %s to %s.", who, goes, label(e.Before), label(e.After))
	}
	team := strings.TrimPrefix(e.Resource.Name, "team:")
	switch {
	case e.Before == inventory.None:
		return fmt.Sprintf("%s %s %s on %s.", who, becomes, e.After, team)
	case e.After == inventory.None:
		return fmt.Sprintf("%s %s taken off %s (was %s).", who, is, team, e.Before)
	}
	return fmt.Sprintf("%s %s from %s to %s on %s.", who, goes, e.Before, e.After, team)
}

// person is whose access an event is about, by their own name.
func (t *teller) person(e events.Event) string { return cmp.Or(t.people[e.User.Name], e.User.Name) }

func label(role string) string { return cmp.Or(inventory.BaseRoleLabel(role), role) }

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

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

// other is an event that is no change: its title, its numbers, and then its reason and
// what to do.
func (t *teller) other(e events.Event) string {
	text := capital(e.Title)
	switch numbers := numbersOf(e); {
	case e.Code == events.Expiring && !e.User.IsZero():
		return t.ending(e)
	case e.Before != "":
		text = t.move(e, "would become", "would be", "would go") + " " + text
	case !e.Subject.IsZero():
		text += " (" + detail(e, "severity") + ")"
	case numbers != "":
		text += " (" + numbers + ")"
	}
	if e.Reason != "" && e.Code != events.HeldEnded { // whose reason are keys
		text += ": " + shortTimes(firstLines(e.Reason))
	}
	if e.Remedy != "" {
		text += remedies[e.Code] + shortTimes(e.Remedy)
	}
	return text
}

// remedies lead to what a person can do.
var remedies = map[code.Code]string{
	events.FindingBegan: ". To fix: ", events.Held: ". What lets it through: ", events.EditHeld: ". What lets it through: ",
}

// asides are details that say nothing new to somebody who watches.
var asides = []string{"first", "failures", "next_try", "key", "hold", "finding", "severity", "errors", "stack"}

// numbersOf are the details of an event. A number whose name is in the title stands
// alone.
func numbersOf(e events.Event) string {
	var all []string
	for _, d := range e.Details {
		v := fmt.Sprint(d.Value)
		switch {
		case v == "" || slices.Contains(asides, d.Name):
		case strings.Contains(e.Title, d.Name):
			all = append(all, v)
		case v != "0":
			all = append(all, strings.ReplaceAll(d.Name, "_", " ")+" "+v)
		}
	}
	return strings.Join(all, ", ")
}

// detail is a detail as text; empty if there is none of that name.
func detail(e events.Event, name string) string {
	for _, d := range e.Details {
		if d.Name == name {
			return fmt.Sprint(d.Value)
		}
	}
	return ""
}

// ending is "Access for a while ends soon: Bea Santos is responder on Search
// until Mon 19:00."
func (t *teller) ending(e events.Event) string {
	return fmt.Sprintf("Access for a while ends soon: %s is %s on %s until %s.",
		t.person(e), detail(e, "role"), strings.TrimPrefix(e.Resource.Name, "team:"), e.Until.UTC().Format("Mon 15:04"))
}

// firstLines leaves out of the problems in policies the lines that they quote.
func firstLines(text string) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t") })
	return strings.TrimSpace(strings.Join(lines, "; "))
}
