package lines_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/reconcile/report/lines"
)

func TestNamesStandAsPeopleOrderThem(t *testing.T) {
	want := []string{"team:alpha", "team:Beta", "team:Émile", "team:Squad 2", "team:Squad 10", "team:Squad 10b", "team:zoo"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, lines.NewOrder().Compare)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestALineIsBrokenAtBlanksAndLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-zé\x1b]{1,12}|\x1b\[32mxy\x1b\[0m`), 1, 20).Draw(t, "words")
		line := strings.Repeat(" ", rapid.IntRange(0, 6).Draw(t, "indent")) + strings.Join(words, " ")
		width, hang := rapid.IntRange(20, 80).Draw(t, "width"), rapid.IntRange(0, 8).Draw(t, "hang")
		got := lines.Wrap(line, width, hang)
		if !slices.Equal(strings.Fields(got), strings.Fields(line)) {
			t.Fatalf("%q became %q", line, got)
		}
		for one := range strings.SplitSeq(got, "\n") {
			if lines.Width(one) > width {
				t.Fatalf("%d columns in %q of %q, for %d", lines.Width(one), one, got, width)
			}
		}
	})
}
