package config

import (
	"slices"
	"testing"
	"time"
)

// read loads a configuration with the given keys besides the account's.
func read(t *testing.T, keys string) *Config {
	t.Helper()
	c, _, err := load(t, "account: {name: acme}\n"+keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestS41_WhatAConfigurationLostHoldsOn(t *testing.T) {
	now := time.Date(2026, 12, 21, 12, 0, 0, 0, time.UTC)
	const before = "limits: {lowerings: {most: 5}, team-pay: {effect: lower, resources: [\"team:Payments\"], share: 0%, least: 1, most: 1}}\n" +
		"edits: {displaced_turns: 4, joins: 1}\n" +
		"freezes: {year-end: {from: 2026-12-20, until: 2027-01-03}, nights: {cron: \"0 18 * * *\", lasts: 14h}, past: {from: 2026-01-01, until: 2026-01-02}}\n"
	cases := []struct {
		name, after string
		want        []string
	}{
		{"nothing", before, nil},
		{"all of it", "", []string{"limits.lowerings", "limits.team-pay", "freezes.year-end", "freezes.nights", "edits.displaced_turns", "edits.joins"}},
		{"stricter", "limits: {lowerings: {most: 4}, team-pay: {effect: lower, resources: [\"team:Payments\"], share: 0%, least: 1, most: 1}, more: {effect: lower, share: 0%, least: 1, most: 1}}\n" +
			"edits: {displaced_turns: 0, joins: 0}\n" +
			"freezes: {year-end: {from: 2026-12-19, until: 2027-01-04}, nights: {cron: \"0 18 * * *\", lasts: 15h}}\n", nil},
		{"shorter and looser", "limits: {lowerings: {most: 6}, team-pay: {effect: lower, resources: [\"team:Pay*\"], share: 0%, least: 1, most: 1}}\n" +
			"edits: {displaced_turns: 4, joins: 2}\n" +
			"freezes: {year-end: {from: 2026-12-20, until: 2027-01-02}, nights: {cron: \"0 19 * * *\", lasts: 14h}}\n",
			[]string{"limits.lowerings", "limits.team-pay", "freezes.year-end", "freezes.nights", "edits.joins"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			was, is := read(t, before), read(t, c.after)
			keys := is.Weakened(was, now)
			if !slices.Equal(keys, c.want) {
				t.Fatalf("weakened are %v, expected %v", keys, c.want)
			}
			is.KeepGuards(was, keys, now.Add(time.Hour))
			if left := is.Weakened(was, now); len(left) > 0 {
				t.Errorf("what is kept lacks %v", left)
			}
			if s := is.Settings(); len(c.want) > 0 && !slices.Equal(s.Kept.Keys, c.want) {
				t.Errorf("a plan hears of %v", s.Kept.Keys)
			}
		})
	}
}

// What is stricter counts at once, also where another limit is looser.
func TestS41_WhatIsStricterCountsWhileSomethingElseIsKept(t *testing.T) {
	now := time.Date(2026, 12, 21, 12, 0, 0, 0, time.UTC)
	was := read(t, "limits: {lowerings: {most: 5}, team-pay: {effect: lower, resources: [\"team:Payments\"], share: 0%, least: 1, most: 3}}\n")
	const after = "limits: {lowerings: {most: 9}, team-pay: {effect: lower, resources: [\"team:Payments\"], share: 0%, least: 1, most: 2}, admins: {most: 1}}\n"
	is := read(t, after)
	keys := is.Weakened(was, now)
	is.KeepGuards(was, keys, now.Add(time.Hour))
	most := map[string]int{}
	for _, b := range is.Settings().Bounds {
		most[b.Name] = b.Most
	}
	for name, want := range map[string]int{"lowerings": 5, "team-pay": 2, "admins": 1} {
		if most[name] != want {
			t.Errorf("%s allows %d, expected %d", name, most[name], want)
		}
	}
}
