package risk

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/packs"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Report is what there is to tell of an account's risks.
type Report struct {
	Account string    `json:"account"`
	At      time.Time `json:"at"`
	Risks   []Item    `json:"risks"`
	// Hidden is how many the filter leaves out, and Waived how many of all are accepted.
	Hidden int `json:"hidden"`
	Waived int `json:"waived"`
	// Gone are those that rounds no longer find, where they were asked for.
	Gone []plan.RiskKnown `json:"gone"`
	// Rolls are the risks rolled up, where that was asked for.
	RolledBy string `json:"rolled_up_by"`
	Rolls    []Roll `json:"rolls"`
}

// View is what somebody wants to see of the risks.
type View struct {
	Filter
	// Sort is one of Orders, and RollUp one of Rollups; either may be empty.
	Sort   string
	RollUp string
	// Gone shows those that rounds no longer find, too.
	Gone bool
}

// Report is the view of all risks of a snapshot's account, and of what is known of them.
func (v View) Report(all []Item, known map[string]plan.RiskKnown, s *inventory.Snapshot) *Report {
	r := &Report{Account: s.Account.Name, At: s.Now, Risks: v.Filter.Of(all), RolledBy: v.RollUp, Rolls: []Roll{}, Gone: []plan.RiskKnown{}}
	Sort(r.Risks, v.Sort)
	for _, x := range all {
		if x.Waived != nil {
			r.Waived++
		}
	}
	r.Hidden = len(all) - len(r.Risks)
	if !v.Filter.Waived {
		r.Hidden -= r.Waived
	}
	if v.Gone {
		r.Gone = Gone(known)
	}
	if v.RollUp != "" {
		r.Rolls = RollUp(r.Risks, v.RollUp)
	}
	return r
}

// Text writes the risks, the most urgent first.
func Text(w io.Writer, r *Report) error {
	p := &printer{w: w}
	p.line("Risks of %s  at %s", r.Account, clock(r.At))
	p.line("")
	if r.RolledBy != "" {
		rolls(p, r)
		return p.err
	}
	for _, x := range r.Risks {
		on := ""
		if x.On != "" {
			on = " on " + x.On
		}
		p.line("%3d  %-8s  %s%s: %s", x.Score.Total, x.Severity, x.Name, on, x.Message)
		p.line("     %s · %s%s", x.ID, x.Rule, since(x, r.At))
		if x.Waived != nil {
			p.line("     accepted until %s: %s", clock(x.Waived.Until), x.Waived.Reason)
		}
		switch {
		case len(x.Mends) > 0:
			p.line("     fix: apply the plan's %s", strings.Join(x.Mends, ", "))
		case x.Remedy != "":
			p.line("     fix: %s", x.Remedy)
		}
	}
	if len(r.Risks) > 0 {
		p.line("")
	}
	for _, x := range r.Gone {
		by := ""
		if x.GoneBy != "" {
			by = ", by " + x.GoneBy
		}
		p.line("gone %s%s: %s: %s", clock(*x.Gone), by, x.Rule, x.Message)
	}
	if len(r.Gone) > 0 {
		p.line("")
	}
	p.line("%s", summary(r))
	return p.err
}

// summary counts the risks.
func summary(r *Report) string {
	counts := map[string]int{}
	for _, x := range r.Risks {
		counts[x.Severity]++
	}
	var parts []string
	for _, s := range Severities() {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	text := "No risks"
	if n := len(r.Risks); n > 0 {
		text = fmt.Sprintf("%d risks: %s", n, strings.Join(parts, ", "))
		if n == 1 {
			text = "1 risk: " + parts[0]
		}
	}
	if r.Waived > 0 {
		text += fmt.Sprintf("; %d accepted", r.Waived)
	}
	if r.Hidden > 0 {
		text += fmt.Sprintf("; %d not shown", r.Hidden)
	}
	return text + "."
}

func since(x Item, now time.Time) string {
	if x.FirstSeen == nil {
		return ""
	}
	text := fmt.Sprintf(" · since %s", x.FirstSeen.UTC().Format("2006-01-02"))
	if x.Reopened > 0 {
		text += fmt.Sprintf(", reopened %d times", x.Reopened)
	}
	return text
}

func rolls(p *printer, r *Report) {
	p.line("%5s  %5s  %7s  %8s  %s", "score", "risks", "highest", "critical", r.RolledBy)
	for _, x := range r.Rolls {
		p.line("%5d  %5d  %7d  %8d  %s", x.Score, x.Risks, x.Highest, x.Counts["critical"], x.Of)
	}
	p.line("")
	p.line("%s", summary(r))
}

// Explain writes what there is to know of a rule and of the risks that it finds.
func Explain(w io.Writer, rule packs.Rule, items []Item) error {
	p := &printer{w: w}
	p.line("%s  %s, pack %s", rule.ID, rule.Severity, rule.Pack)
	p.line("  %s", rule.Title)
	p.line("")
	p.line("Why it matters: %s", rule.Why)
	p.line("What to do: %s", rule.Remedy)
	p.line("Controls: CIS %s; SOC 2 %s; ISO 27001 %s", rule.Controls.CIS, rule.Controls.SOC2, rule.Controls.ISO27001)
	p.line("To accept one for a while: a `waive` statement with the rule %q, or `dutyward risk --rule %s --waive-until TIME --reason WHY`", rule.ID, rule.ID)
	ExplainItems(p, items)
	return p.err
}

// ExplainItems writes how risks are scored.
func ExplainItems(p *printer, items []Item) {
	for _, x := range items {
		p.line("")
		p.line("%s  %s: %s", x.ID, x.Name, x.Message)
		p.line("  score %d = %s", x.Score.Total, x.Score.Because)
	}
}

// printer writes lines and remembers what went wrong.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, harmless(fmt.Sprintf(format, args...)))
	}
}

// harmless is a line without what a terminal would obey.
func harmless(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, line)
}

// CSV writes a row for each risk.
func CSV(w io.Writer, r *Report) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"id", "score", "severity", "rule", "subject", "resource", "message", "remedy", "first_seen", "waived_until", "waived_because", "owner", "cis", "soc2", "iso27001"}}
	for _, x := range r.Risks {
		until, because := "", ""
		if x.Waived != nil {
			until, because = x.Waived.Until.UTC().Format(time.RFC3339), x.Waived.Reason
		}
		first := ""
		if x.FirstSeen != nil {
			first = x.FirstSeen.UTC().Format(time.RFC3339)
		}
		rows = append(rows, []string{x.ID, strconv.Itoa(x.Score.Total), x.Severity, x.Rule, x.Name, x.On, x.Message, x.Remedy, first, until, because, x.Owner, x.Controls.CIS, x.Controls.SOC2, x.Controls.ISO27001})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = inert(row[i])
		}
	}
	return c.WriteAll(rows)
}

// inert is a cell that no spreadsheet takes for a formula.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
