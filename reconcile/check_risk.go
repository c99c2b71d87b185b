package reconcile

import (
	"fmt"
	"slices"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// mostStrange is how many findings of one rule about what does not exist are said one by one.
const mostStrange = 3

// strangeSubjects are findings and waivers that are about something which the account
// does not have.
func strangeSubjects(r *Result) []desired.Notice {
	s := &subjects{r: r, names: desired.NewNames(r.Snapshot, nil), told: map[policies.Origin]int{}, named: map[policies.Origin]string{}}
	for _, f := range r.Risk.Findings {
		s.look("finding", f.Rule, f.Origins, f.Subject, f.Resource)
	}
	for _, w := range r.Risk.Waivers {
		s.look("waiver", w.Rule, w.Origins, w.Subject, w.Resource)
	}
	for _, o := range s.rules {
		if more := s.told[o] - mostStrange; more > 0 {
			s.out = append(s.out, desired.Notice{Code: desired.CodeNotFound, Origin: o, Message: fmt.Sprintf(
				"the finding %q is about nothing; so are %d more of this rule", s.named[o], more)})
		}
	}
	return s.out
}

// subjects looks for what findings and waivers are about.
type subjects struct {
	r     *Result
	names *desired.Names
	// told is how many were found of each of rules.
	told  map[policies.Origin]int
	rules []policies.Origin
	named map[policies.Origin]string
	out   []desired.Notice
}

func (s *subjects) look(what, rule string, origins []policies.Origin, refs ...inventory.Ref) {
	if len(origins) == 0 {
		return
	}
	at := origins[0]
	at.Source = ""
	for _, ref := range refs {
		if ref.ID != "" && what == "finding" {
			continue // an id comes from the account, which may name who was deleted
		}
		n, strange := s.doubt(ref, origins[0])
		if !strange {
			continue
		}
		if s.told[at]++; s.told[at] == 1 {
			s.rules, s.named[at] = append(s.rules, at), rule
		}
		if s.told[at] > mostStrange {
			continue
		}
		n.Message = fmt.Sprintf("the %s %q is about nothing: %s", what, rule, n.Message)
		s.out = append(s.out, n)
	}
}

// doubt is why a reference means nothing. Groups are those that a rule declares.
func (s *subjects) doubt(ref inventory.Ref, o policies.Origin) (desired.Notice, bool) {
	if ref.Kind != inventory.KindGroup {
		n, strange := s.names.Doubt(ref, o)
		if near := s.nearUser(ref); strange && n.Suggestion == "" && near != "" {
			n.Suggestion = near
			n.Message += "; did you mean " + near + "?"
		}
		return n, strange
	}
	var names []string
	for _, g := range s.r.Statements.Groups {
		if g.Name == ref.Name {
			return desired.Notice{}, false
		}
		names = append(names, g.Name)
	}
	n := noticeOf(policies.CodeUndeclaredGroup, ref, []policies.Origin{o}, fmt.Sprintf("%s is not declared by any group rule", ref))
	if near, ok := inventory.Nearest(ref.Name, names); ok {
		n.Suggestion = "group:" + near
		n.Message += "; did you mean " + n.Suggestion + "?"
	}
	return n, true
}

// nearUser is the account that somebody without one may be; empty if there is none.
func (s *subjects) nearUser(ref inventory.Ref) string {
	if ref.Kind != inventory.KindUser || ref.Name == "" {
		return ""
	}
	near := ""
	for _, u := range s.r.Snapshot.Users {
		if !nearlyEqual(inventory.FoldEmail(ref.Name), inventory.FoldEmail(u.Email)) {
			continue
		}
		if near != "" {
			return ""
		}
		near = "user:" + u.Email
	}
	return near
}

// unusedWaivers are the waivers in force of findings that there are not.
func unusedWaivers(r *Result) []desired.Notice {
	var out []desired.Notice
	names := desired.NewNames(r.Snapshot, nil)
	for _, w := range r.Risk.Waivers {
		if _, strange := names.Doubt(w.Subject, policies.Origin{}); strange {
			continue // that there is no such subject is said
		}
		if !r.Snapshot.Now.Before(w.Until) {
			continue // that it ended is reported already
		}
		used := slices.ContainsFunc(r.Plan.Findings, func(f plan.Finding) bool {
			return f.Waived != nil && slices.ContainsFunc(f.Waived.By, func(o policies.Origin) bool { return slices.Contains(w.Origins, o) })
		})
		if used {
			continue
		}
		n := noticeOf(codeIdleWaiver, w.Subject, w.Origins, fmt.Sprintf("this waiver waives nothing: there is no finding %q about %s", w.Rule, w.Subject))
		if n.Suggestion = nearFinding(r, w); n.Suggestion != "" {
			n.Message += "; did you mean " + n.Suggestion + "?"
		} else {
			n.Message += "; delete it if the risk is gone"
		}
		out = append(out, n)
	}
	return out
}

// nearFinding is what a waiver may mean: a rule, or one of that rule's subjects.
func nearFinding(r *Result, w policies.Waiver) string {
	index := inventory.NewIndex(r.Snapshot)
	var rules, subjects []string
	for _, f := range r.Plan.Findings {
		rules = append(rules, f.Rule)
		if subject := index.Named(f.Subject); f.Rule == w.Rule && f.Waived == nil {
			subjects = append(subjects, subject)
		}
	}
	if near, ok := inventory.Nearest(w.Rule, rules); ok && near != w.Rule {
		return fmt.Sprintf("%q", near)
	}
	near, _ := inventory.Nearest(w.Subject.String(), subjects)
	if near == w.Subject.String() {
		return ""
	}
	return near
}
