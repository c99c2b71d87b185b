package eval

import (
	"cmp"
	"slices"

	"github.com/dutyward/dutyward/policies/source"
	"github.com/open-policy-agent/opa/v1/cover"
)

// FileCoverage is how much of a policy file its tests reach.
type FileCoverage struct {
	File string `json:"file"`
	// Covered and NotCovered count lines that hold a rule or an expression.
	Covered    int `json:"covered"`
	NotCovered int `json:"not_covered"`
	// Missing are the lines that no test reached.
	Missing []LineRange `json:"missing"`
}

// LineRange is lines of a file, from 1, both ends included.
type LineRange struct {
	First int `json:"first"`
	Last  int `json:"last"`
}

// Percent is the covered share of the lines, 0 to 100; 100 for none at all.
func (c FileCoverage) Percent() float64 {
	if c.Covered+c.NotCovered == 0 {
		return 100
	}
	return 100 * float64(c.Covered) / float64(c.Covered+c.NotCovered)
}

// fileCoverage is OPA's report of the policies that are no tests.
func fileCoverage(r cover.Report, files []*source.File) []FileCoverage {
	out := []FileCoverage{}
	for _, f := range files {
		report := r.Files[f.Name]
		if f.IsTest() || report == nil {
			continue
		}
		// OPA counts a line twice of which one half was reached.
		reached, missed := rows(report.Covered), rows(report.NotCovered)
		for row := range missed {
			delete(reached, row)
		}
		out = append(out, FileCoverage{
			File: f.Name, Covered: len(reached), NotCovered: len(missed), Missing: ranges(missed),
		})
	}
	slices.SortFunc(out, func(a, b FileCoverage) int { return cmp.Compare(a.File, b.File) })
	return out
}

// rows are the lines that the ranges touch.
func rows(in []cover.Range) map[int]bool {
	out := map[int]bool{}
	for _, r := range in {
		for row := r.Start.Row; row <= r.End.Row; row++ {
			out[row] = true
		}
	}
	return out
}

// ranges are lines, with neighbours joined.
func ranges(lines map[int]bool) []LineRange {
	sorted := make([]int, 0, len(lines))
	for line := range lines {
		sorted = append(sorted, line)
	}
	slices.Sort(sorted)
	out := []LineRange{}
	for _, line := range sorted {
		if n := len(out); n > 0 && out[n-1].Last == line-1 {
			out[n-1].Last = line
			continue
		}
		out = append(out, LineRange{First: line, Last: line})
	}
	return out
}
