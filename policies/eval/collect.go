package eval

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/policies/contract"
	"github.com/dutyward/dutyward/policies/source"
)

// collect makes statements of what the rules gave.
func (s *Set) collect(rules []*rule, outcomes []*outcome, idle []policies.IdleRows, now time.Time) (*policies.Statements, error) {
	report := source.NewReport(s.files)
	st := &policies.Statements{Idle: idle}
	var said [][]said
	from := s.rowFinder()
	for i, r := range rules {
		for _, b := range outcomes[i].bad {
			report.At(r.location, b.problem(r, from))
		}
		for _, f := range outcomes[i].failures {
			f.Origin = r.origin
			st.Failures = append(st.Failures, f)
		}
		said = append(said, r.said(outcomes[i].statements))
		st.Counts = append(st.Counts, policies.RuleCount{Rule: r.contract.Name, Elements: outcomes[i].count, Origin: r.origin})
	}
	slices.SortFunc(st.Failures, func(a, b policies.Failure) int {
		return cmp.Or(policies.CompareOrigins(a.Origin, b.Origin), cmp.Compare(a.Text(), b.Text()))
	})
	st.Failures = slices.CompactFunc(st.Failures, func(a, b policies.Failure) bool {
		return a.Rule == b.Rule && a.Origin == b.Origin && a.Text() == b.Text()
	})
	addAll(st, merged(said))
	noteExpiredWaivers(st, report, now)
	problems := report.Problems.Sorted()
	st.Warnings = problems.Warnings()
	if errs := problems.Errors(); len(errs) > 0 {
		st.Bad = errs
		return st, errs
	}
	return st, nil
}

// said is a statement with the rule that made it.
type said struct {
	*statement
	by *rule
}

func (r *rule) said(statements []statement) []said {
	out := make([]said, len(statements))
	for i := range statements {
		out[i] = said{&statements[i], r}
	}
	return out
}

// merged merges sorted lists into one, each two at a time.
func merged(lists [][]said) []said {
	for len(lists) > 1 {
		var next [][]said
		for i := 0; i+1 < len(lists); i += 2 {
			next = append(next, merge(lists[i], lists[i+1]))
		}
		if len(lists)%2 == 1 {
			next = append(next, lists[len(lists)-1])
		}
		lists = next
	}
	if len(lists) == 0 {
		return nil
	}
	return lists[0]
}

func merge(a, b []said) []said {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...)
	}
	out := make([]said, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compareStatements(*a[0].statement, *b[0].statement) <= 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// addAll adds sorted statements; those that say the same become one, with the
// origin of each.
func addAll(st *policies.Statements, all []said) {
	grow(st, all)
	alone := map[*rule][]policies.Origin{}
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].key == all[0].key {
			n++
		}
		all[0].by.contract.Add(st, all[0].says, originsOf(all[:n], alone))
		all = all[n:]
	}
}

// originsOf are the origins of statements that say the same. Those which one rule
// made without a source have one list, which alone keeps.
func originsOf(same []said, alone map[*rule][]policies.Origin) []policies.Origin {
	if len(same) == 1 && same[0].source == "" {
		by := same[0].by
		if alone[by] == nil {
			alone[by] = []policies.Origin{by.origin}
		}
		return alone[by]
	}
	origins := make([]policies.Origin, 0, len(same))
	for _, s := range same {
		o := s.by.origin
		o.Source = s.source
		origins = policies.AddOrigin(origins, o)
	}
	return slices.Clip(origins)
}

// grow makes room for statements.
func grow(st *policies.Statements, all []said) {
	n := map[*contract.ContractRule]int{}
	for _, s := range all {
		n[s.by.contract]++
	}
	for kind, n := range n {
		kind.Grow(st, n)
	}
}

// noteExpiredWaivers warns of waivers that no longer waive anything.
func noteExpiredWaivers(st *policies.Statements, r *source.Report, now time.Time) {
	for _, w := range st.Waivers {
		if w.Until.After(now) {
			continue
		}
		for _, o := range w.Origins {
			r.Add(policies.Problem{Code: codeExpiredWaiver, About: policies.Subject(w.Subject), File: o.File, Line: o.Line, Column: 1, Warning: true,
				Message: fmt.Sprintf("the waiver of %q for %s ended at %s, so the finding is open again: extend it with a reason, or delete it",
					w.Rule, w.Subject, w.Until.Format(time.RFC3339))})
		}
	}
}
