package findings

import (
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestARuleThatGivesFarLessIsToldForADay(t *testing.T) {
	monday := time.Date(2026, 3, 16, 9, 0, 0, 0, time.UTC)
	counts := func(ns ...int) *policies.Statements {
		s := &policies.Statements{}
		for i, n := range ns {
			s.Counts = append(s.Counts, policies.RuleCount{Rule: "grant", Elements: n, Origin: policies.Origin{Package: "access.people", Line: i + 1}})
		}
		return s
	}
	falls := func(s *policies.Statements, last *plan.Round, now time.Time) (n int) {
		for _, c := range ruleCounts(s, last) {
			if c.fell(now) {
				n++
			}
		}
		return n
	}
	type round struct {
		after  time.Duration
		counts []int
		falls  int
	}
	for name, rounds := range map[string][]round{
		"a little less":                         {{0, []int{40}, 0}, {time.Minute, []int{21}, 0}},
		"half":                                  {{0, []int{40}, 0}, {time.Minute, []int{20}, 1}},
		"nothing":                               {{0, []int{40}, 0}, {time.Minute, []int{0}, 1}},
		"few, and then none":                    {{0, []int{9}, 0}, {time.Minute, []int{0}, 0}},
		"it stays told, and ends with the day":  {{0, []int{40}, 0}, {time.Minute, []int{4}, 1}, {time.Hour, []int{4}, 1}, {25 * time.Hour, []int{4}, 0}, {26 * time.Hour, []int{4}, 0}},
		"it recovers, and may fall again":       {{0, []int{40}, 0}, {time.Minute, []int{4}, 1}, {time.Hour, []int{40}, 0}, {2 * time.Hour, []int{4}, 1}},
		"one of two rules":                      {{0, []int{40, 40}, 0}, {time.Minute, []int{40, 1}, 1}},
		"a rule was deleted, and nothing known": {{0, []int{40, 40}, 0}, {time.Minute, []int{4}, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			var last *plan.Round
			for i, r := range rounds {
				now := monday.Add(r.after)
				s := counts(r.counts...)
				if got := falls(s, last, now); got != r.falls {
					t.Errorf("round %d: %d falls, want %d", i+1, got, r.falls)
				}
				last = &plan.Round{Rules: Remembered(s, last, now, true)}
			}
		})
	}
	t.Run("of an incomplete snapshot nothing is learnt", func(t *testing.T) {
		last := &plan.Round{Rules: Remembered(counts(40), nil, monday, true)}
		last = &plan.Round{Rules: Remembered(counts(1), last, monday, false)}
		if got := falls(counts(1), last, monday.Add(time.Hour)); got != 1 {
			t.Errorf("%d falls, want 1", got)
		}
	})
}
