package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// row is one change, with what to say under it.
type row struct {
	change plan.Change
	// notes are lines under the change, besides its rules.
	notes []string
	// key is how the change is named to `release`; empty where that lets nothing through.
	key string
}

// block is the changes of one resource that share their explanation.
type block struct {
	rows  []row
	notes []string
}

// changes writes what apply would do, by resource.
func (t *planText) changes(changes []plan.Change) {
	rows := make([]row, len(changes))
	for i, c := range changes {
		rows[i] = row{change: c}
	}
	t.rows(rows, "")
}

// rows writes changes by resource, those that share an explanation above it.
func (t *planText) rows(rows []row, indent string) {
	var order []string
	byPlace := map[string][]row{}
	for _, r := range rows {
		place := t.place(r.change.Resource, r.change.Layer)
		if _, seen := byPlace[place]; !seen {
			order = append(order, place)
		}
		byPlace[place] = append(byPlace[place], r)
	}
	slices.SortStableFunc(order, t.comparePlaces)
	for i, place := range order {
		t.byName(byPlace[place])
		if indent == "" || i > 0 {
			t.line("")
		}
		t.line("%s%s", indent, t.strong(place))
		who, what := t.columns(byPlace[place])
		for _, b := range t.blocks(byPlace[place]) {
			for _, r := range b.rows {
				t.hanging(len(indent)+2+2+who+2+what+2, indent+"  "+t.changeLine(r.change, who, what)+t.keyOf(r))
			}
			for _, note := range b.notes {
				t.line("%s      %s", indent, t.mild(note))
			}
		}
	}
}

func (t *planText) keyOf(r row) string {
	if r.key == "" {
		return ""
	}
	return t.mild("  " + r.key)
}

// byName puts rows in the order of people's names, what raises before what lowers.
func (t *planText) byName(rows []row) {
	slices.SortStableFunc(rows, func(a, b row) int {
		if a.change.Effect != b.change.Effect {
			return strings.Compare(string(b.change.Effect), string(a.change.Effect))
		}
		return t.order.Compare(t.user(a.change.User), t.user(b.change.User))
	})
}

// comparePlaces puts the account first.
func (p *page) comparePlaces(a, b string) int {
	account := string(inventory.KindAccount)
	switch {
	case a == b:
		return 0
	case a == account:
		return -1
	case b == account:
		return 1
	}
	return p.order.Compare(a, b)
}

// blocks gathers rows that share what is said under them.
func (t *planText) blocks(rows []row) []block {
	var blocks []block
	at := map[string]int{}
	for _, r := range rows {
		notes := append(t.rules(r.change), r.notes...)
		key := strings.Join(notes, "\n")
		i, seen := at[key]
		if !seen {
			i = len(blocks)
			at[key] = i
			blocks = append(blocks, block{notes: notes})
		}
		blocks[i].rows = append(blocks[i].rows, r)
	}
	return blocks
}

// columns are the widths of the people's and the roles' columns.
func (t *planText) columns(rows []row) (who, what int) {
	var users, moves []string
	for _, r := range rows {
		users = append(users, t.user(r.change.User))
		moves = append(moves, move(r.change))
	}
	return widest(users, 40), widest(moves, 60)
}

// changeLine is "+ ann@acme.com  none → manager  policy: rule access/x.rego:3 gives manager".
func (t *planText) changeLine(c plan.Change, who, what int) string {
	mark := t.raise
	if c.Effect == plan.Lower {
		mark = t.lower
	}
	why := cause(c)
	if reason := ownReason(c); reason != "" {
		if c.Cause != "" {
			why += ": "
		}
		why += reason
	}
	if c.Drifted != "" {
		why += fmt.Sprintf(" (PagerDuty had moved too: it held %s)", c.Drifted)
	}
	if source := sources(c.By); source != "" {
		why += t.mild(" · from " + source)
	}
	return fmt.Sprintf("%s  %s  %s", mark(symbol(c)+" "+pad(t.user(c.User), who)), mark(pad(move(c), what)), why)
}

// ownReason is a change's reason, where it says more than which rule gives the role: that
// stands below it, and the row of data next to it.
func ownReason(c plan.Change) string {
	if c.Reason == c.ByRule() {
		return ""
	}
	return c.Reason
}

// cause is why a change is due, in a word. That a date has come is one cause, and
// two words to people: access begins with a from, and expires with an until.
func cause(c plan.Change) string {
	if c.Cause == plan.CauseExpiry && c.Effect == plan.Raise {
		return "start"
	}
	return string(c.Cause)
}

// sources are the rows of data that rules name as theirs.
func sources(rules []desired.By) string {
	var rows []string
	for _, by := range rules {
		if by.Source != "" && !slices.Contains(rows, by.Source) {
			rows = append(rows, by.Source)
		}
	}
	return strings.Join(rows[:min(len(rows), rulesShown)], ", ")
}

// symbol is a change's first character (rule 1).
func symbol(c plan.Change) string {
	switch c.Action {
	case plan.ActionGrant:
		return "+"
	case plan.ActionRevoke:
		return "-"
	case plan.ActionRole:
		return "~"
	}
	return "!"
}

// move is a change's roles, and for a role change its direction.
func move(c plan.Change) string {
	if c.Before == "" && c.After == "" {
		return "" // a statement that this version does not carry out
	}
	kind := c.Resource.Kind
	if c.Before == c.After {
		return Role(kind, c.After)
	}
	text := Role(kind, c.Before) + " → " + Role(kind, c.After)
	if c.Action == plan.ActionRole {
		text += map[plan.Effect]string{plan.Raise: ", raises", plan.Lower: ", lowers"}[c.Effect]
	}
	return text
}

// rulesShown bounds the rules under one change; JSON has them all.
const rulesShown = 4

// rules are the lines that say which rules are behind a change.
func (t *planText) rules(c plan.Change) []string {
	var lines []string
	for i, by := range c.By {
		if i == rulesShown {
			lines = append(lines, fmt.Sprintf("and %s", count(len(c.By)-i, "other rule or chain", "other rules and chains")))
			break
		}
		if slices.ContainsFunc(c.LimitedBy, func(l desired.Limitation) bool { return l.By.Origin == by.Origin }) {
			continue // the limit itself, which stands below
		}
		rule := by.Origin
		rule.Source = "" // of the person, not of the rule: it stands in the change's line
		if line := Origin(rule); !slices.Contains(lines, line) || len(by.Chain) > 0 {
			lines = append(lines, line)
		}
		if len(by.Chain) > 0 {
			lines = append(lines, "  through "+strings.Join(by.Chain, " → "))
		}
	}
	for _, l := range c.LimitedBy {
		lines = append(lines, fmt.Sprintf("limited to %s: %s — %s", Role(c.Resource.Kind, l.AtMost), l.Reason, Rule(l.By)))
	}
	return lines
}

// Rule is a rule with where it stands, its title, owner, data source and the
// groups it came through, in one line.
func Rule(by desired.By) string {
	parts := origin(by.Origin)
	if len(by.Chain) > 0 {
		parts = append(parts, "through "+strings.Join(by.Chain, " → "))
	}
	if len(parts) == 0 {
		return "built in"
	}
	return strings.Join(parts, " · ")
}

// Origin is a rule with where it stands, its title, owner and data source.
func Origin(o policies.Origin) string {
	parts := origin(o)
	if len(parts) == 0 {
		return "built in"
	}
	return strings.Join(parts, " · ")
}

func origin(o policies.Origin) []string {
	var parts []string
	if o.Title != "" {
		parts = append(parts, o.Title)
	}
	if o.File != "" {
		parts = append(parts, fmt.Sprintf("%s:%d", o.File, o.Line))
	}
	if o.Owner != "" {
		parts = append(parts, "owner "+o.Owner)
	}
	if o.Source != "" {
		parts = append(parts, "from "+o.Source)
	}
	return parts
}

// places is " — " and where rules stand; empty without rules.
func places(origins []policies.Origin) string {
	if len(origins) == 0 {
		return ""
	}
	var at []string
	for _, o := range origins {
		if text := Origin(o); !slices.Contains(at, text) { // a rule may give several elements
			at = append(at, text)
		}
	}
	return " — " + strings.Join(at, "; ")
}
