package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
)

// WhoText writes who holds or is to hold what on a resource.
func WhoText(w io.Writer, name string, at time.Time, standings []Standing, s Style) error {
	p := newPage(w, s)
	p.line("%s  %s", p.strong(name), p.mild(count(peopleIn(standings), "person", "people")+" at "+clock(at)))
	var users, parts, roles, statuses []string
	for _, st := range standings {
		users = append(users, st.Email)
		parts = append(parts, partOf(st, name))
		roles = append(roles, rolesOf(st))
		statuses = append(statuses, string(st.Status))
	}
	wide := []int{widest(users, 40), widest(roles, 60), widest(statuses, 20)}
	width := widest(parts, 40)
	for i, st := range standings {
		part := ""
		if width > 0 {
			part = "  " + pad(parts[i], width)
		}
		p.line("  %s%s  %s  %s  %s", pad(st.Email, wide[0]), part, pad(rolesOf(st), wide[1]),
			p.status(st.Status)+strings.Repeat(" ", max(0, wide[2]-len(st.Status))), p.mild(reasonOf(st)))
	}
	return p.err
}

// partOf is what of a schedule a standing is about; empty elsewhere.
func partOf(st Standing, name string) string {
	return strings.TrimSpace(strings.TrimPrefix(st.Name, name))
}

// rolesOf is what is held, and what it is to become.
func rolesOf(st Standing) string {
	kind := st.Resource.Kind
	switch st.Status {
	case StatusPlanned, StatusObserved, StatusBlocked, StatusHeld, StatusProtected:
		if st.Asked != st.Holds {
			return Role(kind, st.Holds) + " → " + Role(kind, st.Asked)
		}
	}
	return Role(kind, st.Holds)
}

// reasonOf is the first rule behind a standing, or why there is none.
func reasonOf(st Standing) string {
	var parts []string
	if st.Why != "" {
		parts = append(parts, st.Why)
	}
	if len(st.By) > 0 {
		rule := Rule(st.By[0])
		if more := len(st.By) - 1; more > 0 {
			rule += " and " + count(more, "other", "others")
		}
		parts = append(parts, rule)
	}
	return strings.Join(parts, " — ")
}

// status colours a status.
func (p *page) status(s Status) string {
	switch s {
	case StatusPlanned:
		return p.raise(string(s))
	case StatusBlocked, StatusHeld, StatusUnknown:
		return p.alarm(string(s))
	}
	return string(s)
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// spanOf is span for a window, whose end nobody knows where the snapshot ends first.
func spanOf(w desired.Window) string {
	from, until := bounds(w)
	if w.UntilKind != desired.BoundSnapshot {
		return span(w, from, until)
	}
	return cmp.Or(span(w, from, nil), ",") + " past " + clock(w.Until) + ", where the snapshot ends"
}

// bounds are the moments at which a window begins and ends, as far as it does and
// the snapshot holds them.
func bounds(w desired.Window) (from, until *time.Time) {
	if w.FromKind != desired.BoundSnapshot {
		from = moment(w.From)
	}
	if w.UntilKind != desired.BoundSnapshot {
		until = moment(w.Until)
	}
	return from, until
}

// span is ", from … until …" of a window, as far as it is bounded.
func span(w desired.Window, from, until *time.Time) string {
	text := ""
	if from != nil {
		text += " from " + policies.Clock(*from, w.FromZone)
	}
	if until != nil {
		text += " until " + policies.Clock(*until, w.UntilZone)
	}
	if text == "" {
		return ""
	}
	return fmt.Sprintf(",%s", text)
}

// peopleIn counts the people that standings are of.
func peopleIn(standings []Standing) int {
	seen := map[string]bool{}
	for _, st := range standings {
		seen[st.User] = true
	}
	return len(seen)
}
