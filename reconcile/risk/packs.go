// Package risk is what is dangerous, why, since when and what to do about it: the packs of
// rules that look for risks in any account, their scores, and findings as text, tables and
// documents for other programs.
package risk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/paging"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/policies/packs"
)

// Settings say which packs look for risks, and by what bounds.
type Settings struct {
	// Packs are the packs in force; nil for all.
	Packs []string
	// Without are rules that are switched off, by id.
	Without    []string
	Parameters Parameters
}

// Parameters are the bounds of the packs' rules, which see them as input.parameters.
type Parameters struct {
	MaxAdmins          int      `json:"max_admins"`
	BreakGlass         []string `json:"break_glass"`
	Readiness          []string `json:"readiness"`
	Domains            []string `json:"domains"`
	MaxTurnDays        int      `json:"max_turn_days"`
	MaxSchedulesAtOnce int      `json:"max_schedules_at_once"`
	MaxFreeSeats       int      `json:"max_free_seats"`
	PageWithinMinutes  int      `json:"page_within_minutes"`
	PagingDays         int      `json:"paging_days"`
}

// Profiles are PagerDuty's on-call readiness profiles.
func Profiles() []string {
	return []string{"never-miss-a-page", "try-every-notification-method", "more-than-email", "must-include-phone"}
}

// Defaults are the parameters where nothing else is said.
func Defaults() Parameters {
	return Parameters{
		MaxAdmins: 5, BreakGlass: []string{}, Readiness: []string{}, Domains: []string{},
		MaxTurnDays: 14, MaxSchedulesAtOnce: 2, MaxFreeSeats: 20,
		PageWithinMinutes: int(paging.DefaultBound.Minutes()), PagingDays: 90,
	}
}

// compiled are the packs, which are the same for the life of the process.
var compiled = sync.OnceValues(func() (*eval.Set, error) { return packs.Load(context.Background()) })

// Facts are what the packs see besides the input that policies of the risk phase see.
type Facts struct {
	Snapshot   *inventory.Snapshot
	Statements *policies.Statements
	Expansion  *desired.Expansion
	Now        time.Time
}

// Look adds what the packs find to what policies flag.
func (s Settings) Look(ctx context.Context, in *eval.Input, f Facts, into *policies.Statements) error {
	more := []struct {
		key   string
		value any
	}{
		{"parameters", s.Parameters}, {"paging", s.paging(f)}, {"statements", statementsOf(f)},
	}
	set, err := compiled()
	if err != nil {
		return err
	}
	for _, m := range more {
		if in, err = in.With(m.key, func() any { return m.value }); err != nil {
			return err
		}
	}
	found, err := set.Evaluate(ctx, policies.PhaseRisk, in, f.Now)
	if err != nil {
		return fmt.Errorf("look for risks: %w", err)
	}
	into.Failures = append(into.Failures, found.Failures...)
	for _, x := range found.Findings {
		if rule, known := packs.ByID(x.Rule); known && s.inForce(rule) {
			x.Remediation = cmp.Or(x.Remediation, rule.Remedy)
			into.Findings = append(into.Findings, x)
		}
	}
	return nil
}

func (s Settings) inForce(r packs.Rule) bool {
	return (s.Packs == nil || slices.Contains(s.Packs, r.Pack)) && !slices.Contains(s.Without, r.ID)
}

// hole is a kind of hole of a service's paging, with all times at which there is one.
type hole struct {
	Service      string      `json:"service"`
	Kind         paging.Kind `json:"kind"`
	Urgency      string      `json:"urgency"`
	Level        int         `json:"level"`
	FirstMinutes int         `json:"first_minutes"`
	// When and Who are words for messages.
	When string `json:"when"`
	Who  string `json:"who"`
}

// paging are the holes of all services, as the packs see them.
func (s Settings) paging(f Facts) []hole {
	out := []hole{}
	if s.Packs != nil && !slices.Contains(s.Packs, "paging") {
		return out
	}
	days := time.Duration(s.Parameters.PagingDays) * 24 * time.Hour
	a := paging.New(f.Snapshot, f.Now, f.Now.Add(days), time.Duration(s.Parameters.PageWithinMinutes)*time.Minute)
	for id, v := range f.Snapshot.Services {
		holes, _ := a.Holes(v)
		type key struct {
			kind    paging.Kind
			urgency string
		}
		by := map[key][]paging.Hole{}
		for _, h := range holes {
			k := key{h.Kind, h.Urgency}
			by[k] = append(by[k], h)
		}
		for k, list := range by {
			out = append(out, tell(f.Snapshot, id, k.kind, k.urgency, list))
		}
	}
	slices.SortFunc(out, func(x, y hole) int {
		return cmp.Or(cmp.Compare(x.Service, y.Service), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Urgency, y.Urgency))
	})
	return out
}

// namedPeople bounds the people that a message names.
const namedPeople = 3

// tell puts the holes of one kind into words.
func tell(s *inventory.Snapshot, service string, kind paging.Kind, urgency string, list []paging.Hole) hole {
	out := hole{Service: service, Kind: kind, Urgency: urgency}
	var sum time.Duration
	var people []string
	for _, h := range list {
		sum += h.Until.Sub(h.Since)
		out.Level, out.FirstMinutes = max(out.Level, h.Level), max(out.FirstMinutes, h.FirstMinutes)
		for _, id := range h.Users {
			people = append(people, cmp.Or(s.Users[id].Email, "#"+id))
		}
	}
	first := list[0]
	out.When = fmt.Sprintf("from %s to %s", clock(first.Since), clock(first.Until))
	if len(list) > 1 {
		out.When = fmt.Sprintf("%d times, %d h in all, first from %s to %s", len(list), int(sum.Hours()), clock(first.Since), clock(first.Until))
	}
	slices.Sort(people)
	if people = slices.Compact(people); len(people) > namedPeople {
		people = append(people[:namedPeople:namedPeople], fmt.Sprintf("and %d more", len(people)-namedPeople))
	}
	if len(people) > 0 {
		out.Who = " (" + strings.Join(people, ", ") + ")"
	}
	return out
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
