package reconcile_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tally counts what a sweep went through, so that a run can say what it judged.
type tally map[string]int

func (n tally) add(other tally) {
	for what, count := range other {
		n[what] += count
	}
}

// String is a line for each group: what stands before a colon in its counts.
func (n tally) String() string {
	lines := map[string][]string{}
	for _, what := range slices.Sorted(maps.Keys(n)) {
		group, detail, _ := strings.Cut(what, ": ")
		lines[group] = append(lines[group], strings.TrimSpace(fmt.Sprintf("%s %d", detail, n[what])))
	}
	var b strings.Builder
	for _, group := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintf(&b, "\n  %s: %s", group, strings.Join(lines[group], ", "))
	}
	return b.String()
}

// checks is how many trials there are: few in an ordinary run, DUTYWARD_SWEEP in
// a long one.
func checks(t *testing.T, few, many int) {
	n := few
	if os.Getenv("DUTYWARD_LONG") != "" {
		n = many
		if text := os.Getenv("DUTYWARD_SWEEP"); text != "" {
			var err error
			if n, err = strconv.Atoi(text); err != nil {
				t.Fatalf("DUTYWARD_SWEEP is the number of trials: %v", err)
			}
		}
	} else if flag.Lookup("rapid.seed").Value.String() == "0" {
		setFlag(t, "rapid.seed", "20260316") // so that an ordinary run draws the same each time
	}
	trials(t, n)
}

// trials sets how many trials there are.
func trials(t *testing.T, n int) { setFlag(t, "rapid.checks", fmt.Sprint(n)) }

// setFlag sets a flag for a test.
func setFlag(t *testing.T, name, value string) {
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, before) })
}

// progress logs the sum now and then, so that a long run can be looked at.
func progress(every time.Duration) func(tally) {
	next := time.Now().Add(every)
	return func(sum tally) {
		if now := time.Now(); now.After(next) {
			next = now.Add(every)
			fmt.Fprintf(os.Stderr, "%s so far:%s\n", now.Format(time.TimeOnly), sum)
		}
	}
}
