package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/paging"
)

// Paging is who incidents page, and when they would reach nobody in time. Its JSON form is
// what `paging` prints for programs.
type Paging struct {
	Account string `json:"account"`
	// At is the moment for which incidents are followed; holes are looked for from then
	// until Until.
	At           time.Time       `json:"at"`
	Until        time.Time       `json:"until"`
	BoundMinutes int             `json:"bound_minutes"`
	Services     []ServicePaging `json:"services"`
	// People are the addresses of those who are named by id.
	People map[string]string `json:"people"`
	// Doubts are the schedules that are not known to the end.
	Doubts []paging.Doubt `json:"doubts"`
	// NotShown are the facts that no API shows.
	NotShown []string `json:"not_shown"`

	whole bool
}

// ServicePaging is what becomes of incidents of one service.
type ServicePaging struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Policy string `json:"escalation_policy"`
	paging.Proof
	// Spells are the holes until the end; those of the Proof are of its moment alone.
	Spells   []paging.Hole     `json:"holes"`
	Silences []paging.Silenced `json:"silences"`
}

// PagingRequest is what of paging is asked for.
type PagingRequest struct {
	// Service is the id of the only service; empty for all.
	Service string
	// Urgency is the urgency of the incidents followed; empty for each that they may have.
	Urgency   string
	At, Until time.Time
	Bound     time.Duration
}

// NewPaging follows the incidents of services, sorted by name.
func NewPaging(s *inventory.Snapshot, r PagingRequest) *Paging {
	a := paging.New(s, r.At, r.Until, r.Bound)
	out := &Paging{
		Account: s.Account.Name, At: r.At.UTC(), Until: r.Until.UTC(), BoundMinutes: int(r.Bound.Minutes()),
		Services: []ServicePaging{}, People: map[string]string{}, NotShown: slices.Clone(paging.NotShown), whole: r.Service != "",
	}
	for id, v := range s.Services {
		if r.Service != "" && r.Service != id {
			continue
		}
		p := ServicePaging{ID: id, Name: v.Name, Policy: s.EscalationPolicies[v.EscalationPolicy].Name, Proof: a.Prove(v, r.Urgency, r.At)}
		p.Spells, p.Silences = a.Holes(v)
		if r.Urgency != "" {
			p.Spells = slices.DeleteFunc(slices.Clone(p.Spells), func(h paging.Hole) bool { return h.Urgency != r.Urgency })
		}
		out.Services = append(out.Services, p)
		out.name(s, p)
	}
	slices.SortFunc(out.Services, func(x, y ServicePaging) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	out.Doubts = a.Doubts()
	return out
}

// name adds the addresses of the people of a service.
func (g *Paging) name(s *inventory.Snapshot, p ServicePaging) {
	note := func(ids ...string) {
		for _, id := range ids {
			g.People[id] = cmp.Or(s.Users[id].Email, "#"+id)
		}
	}
	for _, w := range p.Walks {
		for _, step := range w.Steps {
			note(slices.Concat(step.Assigned...)...)
		}
	}
	for _, h := range slices.Concat(p.Spells, p.Proof.Holes) {
		note(h.Users...)
	}
}

// HoleTitles say what an incident meets.
var HoleTitles = map[paging.Kind]string{
	paging.Nobody:         "nobody is on call on any level: PagerDuty makes no incident",
	paging.Silence:        "nobody is notified",
	paging.EmailOnly:      "e-mail alone",
	paging.Late:           "the first notice that makes a device ring comes late",
	paging.SamePerson:     "escalates to the same person again",
	paging.NeverEscalates: "low urgency: never escalates",
}

// PagingText writes who is paged.
func PagingText(w io.Writer, g *Paging, s Style) error {
	p := newPage(w, s)
	p.line("%s  %s", p.strong("Paging of "+g.Account), p.mild("from "+clock(g.At)+" until "+clock(g.Until)))
	holes, with := 0, 0
	for _, v := range g.Services {
		g.service(p, v)
		holes += len(v.Spells)
		if len(v.Spells) > 0 {
			with++
		}
	}
	if len(g.Services) == 0 {
		p.line("")
		p.line("No services: there is nothing that an incident could happen to, or the token may not read them.")
	}
	for i, d := range g.Doubts {
		if i == 0 {
			p.head("Not known to the end")
		}
		p.line("  schedule #%s, from %s on: %s", d.Schedule, clock(d.Until), d.Reason)
	}
	p.head("What no API shows")
	for _, text := range g.NotShown {
		p.line("  %s", text)
	}
	p.line("")
	p.line("%s, %d with holes; %s.", count(len(g.Services), "service", "services"), with, count(holes, "hole", "holes"))
	return p.err
}

// service writes one service: each step where it is the only one, and otherwise the holes.
func (g *Paging) service(p *page, v ServicePaging) {
	if !g.whole && len(v.Spells) == 0 && v.Silenced == "" {
		return
	}
	p.line("")
	p.line("%s  %s", p.strong("service:"+v.Name), p.mild("escalation policy "+v.Policy))
	if v.Silenced != "" {
		p.line("  %s", p.alarm(map[string]string{"disabled": "disabled: it makes no incidents", "maintenance": "in maintenance: it makes no incidents"}[v.Silenced]))
	}
	if g.whole {
		for _, w := range v.Walks {
			g.walk(p, w)
		}
	}
	for _, x := range v.Silences {
		if x.Reason == "maintenance" {
			p.line("  maintenance from %s until %s", clock(x.Since), clock(x.Until))
		}
	}
	for _, group := range grouped(v.Spells) {
		g.spells(p, group)
	}
}

// walk writes an incident step by step.
func (g *Paging) walk(p *page, w *paging.Walk) {
	p.line("  an incident of %s urgency at %s", w.Urgency, clock(w.At))
	if len(w.Steps) == 0 {
		p.line("    %s", p.alarm(HoleTitles[paging.Nobody]))
		return
	}
	for _, x := range w.Skipped {
		p.line("    level %d  %s", x.Level, p.alarm("skipped "+after(w, x.At)+": nobody is on call"))
	}
	for _, s := range w.Steps {
		round := ""
		if s.Loop > 1 {
			round = fmt.Sprintf(", time %d", s.Loop)
		}
		p.line("    level %d  %s%s", s.Level, after(w, s.Start), round)
		if len(s.Assigned) > 1 {
			p.line("      one of them, in turn:")
		}
		for _, users := range s.Assigned {
			for _, user := range users {
				p.line("      %s  %s", g.People[user], g.notices(w, s, user))
			}
		}
	}
	last := w.Steps[len(w.Steps)-1]
	p.line("    then it stays with %s, without further notice", g.people(slices.Concat(last.Assigned...)))
	if w.First != nil {
		p.line("    the first device rings %s", after(w, w.First.At))
	} else {
		p.line("    %s", p.alarm("it is not certain that any device rings"))
	}
}

// notices say how somebody is notified because of a step.
func (g *Paging) notices(w *paging.Walk, s paging.Step, user string) string {
	var out []string
	for _, n := range s.Notices {
		if n.User == user {
			out = append(out, n.Channel+" "+after(w, n.At))
		}
	}
	if len(out) == 0 {
		return "not notified"
	}
	return strings.Join(out, ", ")
}

// after says how long after its beginning something happens to an incident.
func after(w *paging.Walk, t time.Time) string {
	d := t.Sub(w.At)
	if d == 0 {
		return "at once"
	}
	return "after " + lasting(d)
}

func (g *Paging) people(ids []string) string {
	if len(ids) == 0 {
		return "nobody"
	}
	var out []string
	for _, id := range ids {
		out = append(out, cmp.Or(g.People[id], "#"+id))
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// grouped puts holes together that differ by their time alone.
func grouped(holes []paging.Hole) [][]paging.Hole {
	var out [][]paging.Hole
	for _, h := range holes {
		i := slices.IndexFunc(out, func(x []paging.Hole) bool {
			return x[0].Kind == h.Kind && x[0].Urgency == h.Urgency && x[0].Level == h.Level && slices.Equal(x[0].Users, h.Users)
		})
		if i < 0 {
			out, i = append(out, nil), len(out)
		}
		out[i] = append(out[i], h)
	}
	slices.SortStableFunc(out, func(x, y []paging.Hole) int {
		return cmp.Or(cmp.Compare(slices.Index(paging.Kinds(), x[0].Kind), slices.Index(paging.Kinds(), y[0].Kind)), x[0].Since.Compare(y[0].Since))
	})
	return out
}

// spells writes holes that differ by their time alone.
func (g *Paging) spells(p *page, holes []paging.Hole) {
	h := holes[0]
	var sum time.Duration
	for _, x := range holes {
		sum += x.Until.Sub(x.Since)
	}
	when := fmt.Sprintf("from %s until %s", clock(h.Since), clock(h.Until))
	if len(holes) > 1 {
		when = fmt.Sprintf("%d times, %s in all, first %s", len(holes), lasting(sum), when)
	}
	who := ""
	if len(h.Users) > 0 {
		who = " (" + g.people(h.Users) + ")"
	}
	more := ""
	if h.Kind == paging.Late {
		more = fmt.Sprintf(", after %d min", h.FirstMinutes)
	}
	if h.Kind == paging.SamePerson {
		more = fmt.Sprintf(", on level %d", h.Level)
	}
	p.line("  %s  %s urgency: %s%s%s", p.alarm(string(h.Kind)), h.Urgency, HoleTitles[h.Kind], more, who)
	p.line("    %s", when)
}
