package risk

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/packs"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Item is a risk: a finding with what there is to know about it.
type Item struct {
	// ID stays the same as long as rule, subject and resource do.
	ID       string `json:"id"`
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	// Subject and Resource are references by id; Name and On are as people call them.
	Subject  string `json:"subject"`
	Resource string `json:"resource"`
	Name     string `json:"name"`
	On       string `json:"on"`
	Message  string `json:"message"`
	Remedy   string `json:"remedy"`
	// Title, Why, Pack and Controls are those of the rule; empty where policies flag it.
	Title    string         `json:"title"`
	Why      string         `json:"why"`
	Pack     string         `json:"pack"`
	Controls packs.Controls `json:"controls"`
	// Owner is who the rule's METADATA says owns it.
	Owner string `json:"owner"`
	Score Score  `json:"score"`
	// Mends are the keys of the plan's changes after which it should be gone.
	Mends  []string          `json:"mends"`
	Waived *plan.Waived      `json:"waived"`
	By     []policies.Origin `json:"by"`
	History
}

// History is how long a risk has been known.
type History struct {
	// FirstSeen is null where no round has recorded it yet.
	FirstSeen *time.Time `json:"first_seen"`
	// Opened is since when it is open, this time.
	Opened   *time.Time `json:"opened"`
	LastSeen *time.Time `json:"last_seen"`
	// Reopened is how often it came back after it was gone.
	Reopened int `json:"reopened"`
}

// Items are the risks of a plan, the highest score first.
func Items(p *plan.Plan, s *inventory.Snapshot, known map[string]plan.RiskKnown, now time.Time) []Item {
	items := []Item{}
	for _, f := range p.Findings {
		x := Item{
			Rule: f.Rule, Severity: f.Severity, Subject: f.Subject.String(), Resource: f.Resource.String(),
			Name: called(p, f.Subject), Message: f.Message, Remedy: f.Remediation, Waived: f.Waived, By: f.By, Mends: []string{},
		}
		if f.Resource != f.Subject && f.Resource != (inventory.Ref{}) {
			x.On = called(p, f.Resource)
		}
		x.ID = Key(f)
		if len(f.By) > 0 {
			x.Title, x.Owner = f.By[0].Title, f.By[0].Owner
		}
		if r, ok := packs.ByID(f.Rule); ok {
			x.Title, x.Why, x.Pack, x.Controls = r.Title, r.Why, r.Pack, r.Controls
		}
		x.Mends = mends(p, f)
		if h, ok := known[x.ID]; ok && h.Gone == nil {
			x.History = History{&h.First, &h.Opened, &h.Last, h.Reopened}
		}
		x.Score = score(f, x.History, s, now)
		items = append(items, x)
	}
	Sort(items, "score")
	return items
}

// mends are the keys of the plan's changes after which a finding should be gone: those that
// lower the same person on the same resource.
func mends(p *plan.Plan, f plan.Finding) []string {
	keys := []string{}
	for _, c := range p.Changes {
		if c.Effect == plan.Lower && f.Subject == inventory.ByID(inventory.KindUser, c.User) && c.Resource == f.Resource {
			keys = append(keys, c.ID)
		}
	}
	return keys
}

// Seen are the findings of a plan as they are kept over time.
func Seen(p *plan.Plan) []plan.RiskSeen {
	list := []plan.RiskSeen{}
	for _, f := range p.Findings {
		_, packed := packs.ByID(f.Rule)
		list = append(list, plan.RiskSeen{
			ID: Key(f), Rule: f.Rule, Subject: called(p, f.Subject), Resource: called(p, f.Resource), Severity: f.Severity, Message: f.Message,
			Packed: packed, Mends: mends(p, f),
		})
	}
	return list
}

// called is a reference as people write it.
func called(p *plan.Plan, r inventory.Ref) string {
	name := cmp.Or(p.Names[r.String()], r.String())
	if r.Kind == inventory.KindUser && !strings.HasPrefix(name, "user:") {
		return "user:" + name
	}
	return name
}

// Key is what a finding keeps over time: a digest of its rule, subject and resource.
func Key(f plan.Finding) string {
	sum := sha256.Sum256([]byte(f.Rule + "\x00" + f.Subject.String() + "\x00" + f.Resource.String()))
	return "R" + hex.EncodeToString(sum[:5])
}

// Severities are the severities, the worst first.
func Severities() []string { return []string{"critical", "high", "medium", "low"} }

func grave(severity string) int { return slices.Index(Severities(), severity) }

// Score is how urgent a risk is, from 0 to 100, with the factors that it is the product of.
type Score struct {
	Total int `json:"total"`
	// Each factor is a percentage.
	Privilege   int    `json:"privilege"`
	Exposure    int    `json:"exposure"`
	Standing    int    `json:"standing_time"`
	Sensitivity int    `json:"sensitivity"`
	Because     string `json:"because"`
}

// score is privilege × exposure × standing time × sensitivity.
func score(f plan.Finding, h History, s *inventory.Snapshot, now time.Time) Score {
	privilege, who := privilegeOf(f, s)
	exposure := map[string]int{"critical": 100, "high": 75, "medium": 50, "low": 25}[f.Severity]
	standing, since := standingOf(h, now)
	sensitivity, what := sensitivityOf(f, s)
	return Score{
		Total:     (privilege*exposure*standing*sensitivity + 500_000) / 1_000_000,
		Privilege: privilege, Exposure: exposure, Standing: standing, Sensitivity: sensitivity,
		Because: fmt.Sprintf("privilege %d%% (%s) × exposure %d%% (%s) × standing time %d%% (%s) × sensitivity %d%% (%s)",
			privilege, who, exposure, f.Severity, standing, since, sensitivity, what),
	}
}

// privilegeOf is what somebody who abuses the risk could do.
func privilegeOf(f plan.Finding, s *inventory.Snapshot) (int, string) {
	if f.Subject.Kind != inventory.KindUser {
		return 80, "concerns everybody whom it serves"
	}
	u := s.Users[f.Subject.ID]
	manages := false
	for _, role := range u.Teams {
		manages = manages || role == "manager"
	}
	switch {
	case u.BaseRole == "owner" || u.BaseRole == "admin":
		return 100, "global admin"
	case u.BaseRole == "user" || manages:
		return 80, "manager"
	case u.BaseRole == "limited_user":
		return 60, "responder"
	}
	return 40, "reads only"
}

// standingOf is how long the risk has been there.
func standingOf(h History, now time.Time) (int, string) {
	if h.Opened == nil {
		return 70, "seen for the first time"
	}
	days := int(now.Sub(*h.Opened).Hours() / 24)
	text := fmt.Sprintf("open for %d days", days)
	switch {
	case days < 1:
		return 70, "open for less than a day"
	case days < 7:
		return 80, text
	case days < 30:
		return 90, text
	}
	return 100, text
}

// sensitivityOf is what is at stake: the account, services that page, or the rest.
func sensitivityOf(f plan.Finding, s *inventory.Snapshot) (int, string) {
	about := []inventory.Ref{f.Subject, f.Resource}
	if slices.ContainsFunc(about, func(r inventory.Ref) bool { return r.Kind == inventory.KindAccount }) {
		return 100, "the account"
	}
	for _, r := range about {
		switch r.Kind {
		case inventory.KindService:
			return 100, "a service"
		case inventory.KindEscalation:
			if len(s.EscalationPolicies[r.ID].Services) > 0 {
				return 100, "an escalation policy of services"
			}
		case inventory.KindSchedule:
			for _, id := range s.Schedules[r.ID].EscalationPolicies {
				if len(s.EscalationPolicies[id].Services) > 0 {
					return 100, "a schedule that pages for services"
				}
			}
		case inventory.KindUser:
			if paged(s, r.ID) {
				return 100, "somebody whom incidents page"
			}
		}
	}
	return 75, "nothing that pages for a service"
}

func paged(s *inventory.Snapshot, user string) bool {
	for _, p := range s.EscalationPolicies {
		for _, t := range p.Targets() {
			if len(p.Services) > 0 && (t.ID == user || t.Type == "schedule" && slices.Contains(s.Schedules[t.ID].Users, user)) {
				return true
			}
		}
	}
	return false
}

// Orders are what risks can be sorted by.
func Orders() []string { return []string{"score", "severity", "age", "rule", "name"} }

// Sort puts risks in order.
func Sort(items []Item, by string) {
	first := map[string]func(x, y Item) int{
		"severity": func(x, y Item) int { return cmp.Compare(grave(x.Severity), grave(y.Severity)) },
		"age":      func(x, y Item) int { return compareTimes(x.FirstSeen, y.FirstSeen) },
		"rule":     func(x, y Item) int { return cmp.Compare(x.Rule, y.Rule) },
		"name":     func(x, y Item) int { return cmp.Compare(x.Name, y.Name) },
	}[by]
	slices.SortStableFunc(items, func(x, y Item) int {
		n := 0
		if first != nil {
			n = first(x, y)
		}
		return cmp.Or(n, -cmp.Compare(x.Score.Total, y.Score.Total), cmp.Compare(grave(x.Severity), grave(y.Severity)),
			cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Name, y.Name), cmp.Compare(x.On, y.On))
	})
}

// compareTimes puts the earlier first, and what is not known last.
func compareTimes(x, y *time.Time) int {
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	return x.Compare(*y)
}

// Filter says which risks are shown.
type Filter struct {
	// Least is the least severity; empty for all.
	Least string
	// Rules are ids of rules, with or without "dutyward.", or packs.
	Rules []string
	// About is part of a subject's or resource's name.
	About string
	// Score is the least score.
	Score int
	// Waived shows those that are accepted, too.
	Waived bool
}

// Of are those of the items that the filter lets through.
func (f Filter) Of(items []Item) []Item {
	return slices.DeleteFunc(slices.Clone(items), func(x Item) bool {
		about := strings.ToLower(x.Name + " " + x.On + " " + x.Subject + " " + x.Resource)
		named := func(rule string) bool {
			return rule == x.Pack || rule == x.Rule || "dutyward."+rule == x.Rule
		}
		return x.Waived != nil && !f.Waived || x.Score.Total < f.Score ||
			f.Least != "" && grave(x.Severity) > grave(f.Least) ||
			len(f.Rules) > 0 && !slices.ContainsFunc(f.Rules, named) ||
			f.About != "" && !strings.Contains(about, strings.ToLower(f.About))
	})
}

// Roll is the risks that have something in common.
type Roll struct {
	Of string `json:"of"`
	// Counts are the risks by severity.
	Counts map[string]int `json:"counts"`
	Risks  int            `json:"risks"`
	// Score is the sum of the scores, Highest the highest of them.
	Score   int `json:"score"`
	Highest int `json:"highest"`
}

// Rollups are what risks can be rolled up by.
func Rollups() []string { return []string{"subject", "resource", "rule", "pack", "severity", "owner"} }

// RollUp counts risks by what they have in common, the highest sum first.
func RollUp(items []Item, by string) []Roll {
	rolls := []Roll{}
	for _, x := range items {
		of := map[string]string{"subject": x.Name, "resource": cmp.Or(x.On, x.Name), "rule": x.Rule, "pack": cmp.Or(x.Pack, "policies"), "severity": x.Severity, "owner": cmp.Or(x.Owner, "nobody")}[by]
		i := slices.IndexFunc(rolls, func(r Roll) bool { return r.Of == of })
		if i < 0 {
			rolls, i = append(rolls, Roll{Of: of, Counts: map[string]int{}}), len(rolls)
		}
		r := &rolls[i]
		r.Counts[x.Severity]++
		r.Risks++
		r.Score += x.Score.Total
		r.Highest = max(r.Highest, x.Score.Total)
	}
	slices.SortStableFunc(rolls, func(x, y Roll) int { return cmp.Or(-cmp.Compare(x.Score, y.Score), cmp.Compare(x.Of, y.Of)) })
	return rolls
}

// Gone are the findings that rounds no longer make, the latest first.
func Gone(known map[string]plan.RiskKnown) []plan.RiskKnown {
	gone := []plan.RiskKnown{}
	for _, r := range known {
		if r.Gone != nil {
			gone = append(gone, r)
		}
	}
	slices.SortFunc(gone, func(x, y plan.RiskKnown) int { return cmp.Or(y.Gone.Compare(*x.Gone), cmp.Compare(x.ID, y.ID)) })
	return gone
}
