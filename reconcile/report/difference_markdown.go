package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// DifferenceMarker is the first line of a difference in Markdown, by which the
// comment of an earlier run is found and replaced.
const DifferenceMarker = "<!-- dutyward plan --base -->"

const (
	// commentLimit is how many characters a comment on GitHub may have; a reserve
	// is left for what is put around it.
	commentLimit = 65_536 - 1_536
	// unfolded is up to how many lines a section stands open.
	unfolded = 20
)

// DifferenceMarkdown writes what other policies do as a comment for a pull
// request. Long sections are folded; what does not fit into a comment is cut,
// and said to be.
func DifferenceMarkdown(w io.Writer, d *compare.Difference, base string) error {
	m := &markdown{t: newDifferenceText(io.Discard, d, Style{}), d: d, command: "dutyward plan --base"}
	m.add(DifferenceMarker)
	m.add("### What these policies change\n")
	m.add(fmt.Sprintf("**%s**\n", escaped(DifferenceSummary(d))))
	m.add(fmt.Sprintf("Compared with %s, on the account %s as of %s. Policies %s, before %s.\n",
		codeSpan(base), codeSpan(d.Account), clock(d.TakenAt), codeSpan(short(d.After.Revision)), codeSpan(short(d.Before.Revision))))
	m.holds()
	m.all(m.sections())
	_, err := io.WriteString(w, m.b.String())
	return err
}

// holds writes why changes would be held, those for which most are first.
func (m *markdown) holds() {
	const shown, longest = 8, 400
	holds := slices.Clone(m.d.Holds)
	slices.SortStableFunc(holds, func(a, b compare.Hold) int { return b.Changes - a.Changes })
	for _, h := range holds[:min(len(holds), shown)] {
		m.add(fmt.Sprintf("> **This would be held** until a person releases it: %s (%s), for %s.\n", count(h.Changes, "change", "changes"), h.Rule, escaped(beginning(h.Why, longest))))
	}
	if len(holds) > shown {
		changes := 0
		for _, h := range holds[shown:] {
			changes += h.Changes
		}
		m.add(fmt.Sprintf("> **This would be held**, too: %s for %s. `%s` without `--format markdown` shows them.\n",
			count(changes, "change", "changes"), count(len(holds)-shown, "other reason", "other reasons"), m.command))
	}
}

// markdown is a comment being written.
type markdown struct {
	t *differenceText
	d *compare.Difference
	b strings.Builder
	// used counts characters, as the limit does.
	used int
	// limit is how far the present section may go.
	limit int
	// command shows what is cut.
	command string
}

// all writes sections. Short ones are kept whole, also behind long ones: these share what
// is left, but for those that are to stand whole.
func (m *markdown) all(sections []section) {
	for i, s := range sections {
		short, long := 0, 0
		for _, other := range sections[i:] {
			if len(other.lines) > unfolded {
				long++
			} else {
				short += min(other.size(), mostShort)
			}
		}
		m.limit = commentLimit
		if len(s.lines) > unfolded && !s.whole {
			m.limit = m.used + max(0, commentLimit-m.used-short)/long
		}
		m.section(s)
	}
}

// mostShort is how many characters are kept for one short section.
const mostShort = 8000

// size is how many characters a section takes.
func (s section) size() int {
	if len(s.lines) == 0 {
		return 0
	}
	n := len(s.head) + len(s.table) + 100
	for _, line := range s.lines {
		n += utf8.RuneCountInString(line) + 1
	}
	return n
}

// section is a heading and the lines of a list or table, which may be cut.
type section struct {
	head  string
	table string
	lines []string
	// whole says that it is cut last.
	whole bool
}

func (m *markdown) add(line string) {
	m.b.WriteString(line + "\n")
	m.used += utf8.RuneCountInString(line) + 1
}

// section writes a section as far as there is room for it.
func (m *markdown) section(s section) {
	if len(s.lines) == 0 {
		return
	}
	const reserve = 300 // for what ends it
	head := fmt.Sprintf("%s (%d)", s.head, len(s.lines))
	if m.used+len(head)+len(s.table)+2*reserve > m.limit {
		m.cut(head)
		return
	}
	folded := len(s.lines) > unfolded
	if folded {
		m.add("<details><summary>" + head + "</summary>\n")
	} else {
		m.add("#### " + head + "\n")
	}
	if s.table != "" {
		m.add(s.table)
	}
	rest := 0
	for i, line := range s.lines {
		if m.used+utf8.RuneCountInString(line)+reserve > m.limit {
			rest = len(s.lines) - i
			break
		}
		m.add(line)
	}
	m.add("")
	if rest > 0 {
		m.cut(fmt.Sprintf("%d of %d lines are left out here", rest, len(s.lines)))
	}
	if folded {
		m.add("</details>\n")
	}
}

func (m *markdown) cut(what string) {
	m.add(fmt.Sprintf("_Cut to fit into a comment: %s. `%s` without `--format markdown` shows all._\n", what, m.command))
}

func (m *markdown) sections() []section {
	d, t := m.d, m.t
	var access, consequences, begins, ends []string
	for _, a := range d.Access {
		c := changeOf(a)
		mark := map[plan.Effect]string{plan.Raise: "▲", plan.Lower: "▼"}[a.Effect]
		access = append(access, fmt.Sprintf("| %s | %s | %s %s | %s | %s |",
			codeSpan(t.place(a.Resource, a.Layer)), codeSpan(t.user(a.User)), mark, escaped(move(c)), escaped(c.Reason), rulesOf(a)))
	}
	for _, c := range d.Consequences {
		consequences = append(consequences, fmt.Sprintf("- %s on %s: %s; before: %s",
			codeSpan(t.user(c.User)), codeSpan(t.place(c.Resource, c.Layer)), escaped(handled(c.Then)), escaped(handled(c.Was))))
	}
	for _, f := range d.Findings.Begins {
		begins = append(begins, fmt.Sprintf("- **%s** %s: %s — %s", f.Severity, codeSpan(t.subject(f)), escaped(f.Message), originsOf(f.By)))
	}
	for _, f := range d.Findings.Ends {
		ends = append(ends, fmt.Sprintf("- %s %s: %s", f.Severity, codeSpan(t.subject(f)), escaped(f.Message)))
	}
	return []section{
		// What speaks against merging stands first, so that long details can't push it out.
		{whole: true, head: "Nothing is lowered any more, because", lines: items(desired.Messages(d.Suspended.Begins))},
		{whole: true, head: "New errors", lines: items(noticeLines(d.Errors.Begins))},
		{whole: true, head: "New warnings", lines: items(noticeLines(d.Warnings.Begins))},
		{whole: true, head: "New findings", lines: begins},
		{head: "Access that the policies ask for", lines: access,
			table: "| resource | who | role | what comes of it | by |\n| --- | --- | --- | --- | --- |"},
		{head: "Turns that move", lines: items(t.movedTurns())},
		{head: laterHeadOf(t), lines: m.laterRows(),
			table: "| resource | who | role | when | by |\n| --- | --- | --- | --- | --- |"},
		{head: "What happens later can't be compared", lines: items(notForeseen(d))},
		{head: "Same access asked for, different outcome", lines: consequences},
		{head: "Findings gone", lines: ends},
		{head: "New protections", lines: items(t.protections(d.Protections.Begins))},
		{head: "Protections gone", lines: items(t.protections(d.Protections.Ends))},
		{head: "No longer suspends lowering", lines: items(desired.Messages(d.Suspended.Ends))},
		{head: "Errors gone", lines: items(noticeLines(d.Errors.Ends))},
		{head: "Warnings gone", lines: items(noticeLines(d.Warnings.Ends))},
		{head: "Newly unknown", lines: items(t.unknowns(d.Unknown.Begins))},
		{head: "No longer unknown", lines: items(t.unknowns(d.Unknown.Ends))},
		{head: "Newly named, without an account", lines: items(addresses(d.Absent.Begins))},
		{head: "No longer named, without an account", lines: items(addresses(d.Absent.Ends))},
		{head: "Changed, with no effect on access" + t.span(), lines: items(t.stated())},
		{head: "Changed rules", lines: items(ruleLines(d.Rules))},
		{head: "Changed data", lines: items(d.Data)},
		{head: "Changed configuration", lines: items(settingLines(d.Settings))},
	}
}

func laterHeadOf(t *differenceText) string {
	if t.diff.Foreseen == nil {
		return ""
	}
	return t.laterHead()
}

func notForeseen(d *compare.Difference) []string {
	if d.NotForeseen == "" {
		return nil
	}
	return []string{d.NotForeseen}
}

func items(lines []string) []string {
	var out []string
	for _, line := range lines {
		out = append(out, "- "+escaped(line))
	}
	return out
}

// rulesOf are the rules of a difference, and what limits it.
func rulesOf(a compare.AccessDifference) string {
	var origins []policies.Origin
	for _, by := range a.By {
		origins = append(origins, by.Origin)
	}
	text := originsOf(origins)
	for _, l := range a.LimitedBy {
		text += "; limited to " + escaped(Role(a.Resource.Kind, l.AtMost)+": "+l.Reason) + " " + originsOf([]policies.Origin{l.By.Origin})
	}
	if through := chainOf(a.By); through != "" {
		text += ", through " + escaped(through)
	}
	return text
}

func chainOf(rules []desired.By) string {
	for _, by := range rules {
		if len(by.Chain) > 0 {
			return strings.Join(by.Chain, " → ")
		}
	}
	return ""
}

func originsOf(origins []policies.Origin) string {
	var places []string
	for i, o := range origins {
		if i == rulesShown {
			places = append(places, fmt.Sprintf("and %d more", len(origins)-i))
			break
		}
		if o.File == "" {
			places = append(places, "built in")
			continue
		}
		places = append(places, originIn(o))
	}
	return strings.Join(places, ", ")
}

// originIn is a rule with its title, place, owner and row of data.
func originIn(o policies.Origin) string {
	text := codeSpan(fmt.Sprintf("%s:%d", o.File, o.Line))
	if o.Title != "" {
		text = escaped(o.Title) + " · " + text
	}
	if o.Owner != "" {
		text += " · owner " + escaped(o.Owner)
	}
	if o.Source != "" {
		text += " · from " + escaped(o.Source)
	}
	return text
}

// codeSpan is text as it stands, in a table too. Nothing in it mentions people or
// is taken for HTML.
func codeSpan(text string) string {
	return "`" + strings.NewReplacer("`", "'", "|", "¦").Replace(Line(text)) + "`"
}

// escaped is text that comes from policies and the account, without a meaning
// in Markdown: no HTML, no table cell, no mention of a person, no link, which
// GitHub also makes of an address alone.
func escaped(text string) string {
	return markdownEscapes.Replace(Line(text))
}

var markdownEscapes = strings.NewReplacer(
	"\\", "\\\\", "&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "\\|", "`", "'", "@", "@\u200b",
	"*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "#", "#\u200b", "~", "\\~", "$", "\\$", "!", "\\!",
	"://", ":\u200b//", "www.", "www\u200b.", "WWW.", "WWW\u200b.",
)
