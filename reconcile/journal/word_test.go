package journal_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

func TestS11_TheFirstResolutionOfANameStandsUntilAPersonConfirmsAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		path := at(t)
		j := open(t, path, journal.Options{})
		must(t, j.Pin(t.Context(), map[string]string{"team:Payments": "P1", "user:ann@acme.com": "U1"}))
		must(t, j.Pin(t.Context(), map[string]string{"team:Payments": "P2", "oncall:Primary": "S1"}))
		must(t, j.Close())

		j = open(t, path, journal.Options{})
		want := map[string]string{"team:Payments": "P1", "user:ann@acme.com": "U1", "oncall:Primary": "S1"}
		if d := cmp.Diff(want, memory(t, j, start).Pinned); d != "" {
			t.Errorf("pinned (-want +got):\n%s", d)
		}

		must(t, j.Confirm(t.Context(), "team:Payments", "P2", "the team was made anew"))
		must(t, j.Pin(t.Context(), map[string]string{"team:Payments": "P3"}))
		want["team:Payments"] = "P2"
		if d := cmp.Diff(want, memory(t, j, start).Pinned); d != "" {
			t.Errorf("pinned once confirmed (-want +got):\n%s", d)
		}
		says(t, j.Confirm(t.Context(), "team:Payments", "", "typo"), "id")
	})
}

func TestS26_AReleaseEndsAfterADayAndNeedsAReason(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		c := &clock{start}
		j := open(t, at(t), journal.Options{Now: c.Now})
		must(t, j.Release(t.Context(), "key 1", "checked with Dan"))
		c.at = start.Add(time.Hour)
		must(t, j.Release(t.Context(), "key 1", "checked again"))
		must(t, j.Release(t.Context(), "key 2", "and this"))
		says(t, j.Release(t.Context(), "key 3", "  "), "reason")

		for name, c := range map[string]struct {
			now  time.Time
			want map[string]plan.Release
		}{
			"the last word on a key stands": {start.Add(2 * time.Hour), map[string]plan.Release{
				"key 1": {Reason: "checked again", At: start.Add(time.Hour)},
				"key 2": {Reason: "and this", At: start.Add(time.Hour)},
			}},
			"a day later it has ended": {start.Add(25 * time.Hour), map[string]plan.Release{}},
		} {
			t.Run(name, func(t *testing.T) {
				if d := cmp.Diff(c.want, memory(t, j, c.now).Released); d != "" {
					t.Errorf("released (-want +got):\n%s", d)
				}
			})
		}
	})
}

func TestS5_TheLastGoodPoliciesSurviveARestart(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		path := at(t)
		j := open(t, path, journal.Options{})
		must(t, j.SavePolicies(t.Context(), "rev1", []byte("package access\x00\xff")))
		must(t, j.SavePolicies(t.Context(), "rev2", nil))
		must(t, j.SavePolicies(t.Context(), "rev3", []byte{0, 1, 2}))
		must(t, j.Close())
		revision, source, err := open(t, path, journal.Options{}).GoodPolicies(t.Context())
		must(t, err)
		if revision != "rev3" || string(source) != "\x00\x01\x02" {
			t.Errorf("revision %q, source %q", revision, source)
		}
	})
}

func TestS26_AReleaseEndsOnceThePairHoldsSomethingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		key := plan.Key(team, "responder", "none")
		must(t, w.Release(t.Context(), key, "looked at it"))
		finish := func(holds string) {
			t.Helper()
			must(t, w.Finish(t.Context(), w.round, plan.Round{Pairs: []plan.RoundPair{{Pair: team, Actual: holds}}}, nil))
			w.begin()
		}
		finish("responder")
		if len(memory(t, w.Journal, w.clock.at).Released) != 1 {
			t.Error("a release ended before its change was made")
		}
		finish("none")
		finish("responder") // somebody gave it back
		if r := memory(t, w.Journal, w.clock.at).Released; len(r) != 0 {
			t.Errorf("released %v, want nothing: this is another decision", r)
		}
	})
}

func TestS27_WritesOfTheLastHourCountUntilAReleaseOfTheirChange(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		c := change(team, "none", "responder", plan.CauseDrift)
		c.ID = plan.Key(team, "none", "responder")
		made := func() (n int) { return len(memory(t, w.Journal, w.clock.at).Made) }
		w.done(c)
		w.clock.at = w.clock.at.Add(40 * time.Minute)
		w.done(c)
		if n := made(); n != 2 {
			t.Errorf("%d writes count, want 2", n)
		}
		w.clock.at = w.clock.at.Add(40 * time.Minute)
		if n := made(); n != 1 {
			t.Errorf("%d writes count after an hour, want 1", n)
		}
		must(t, w.Release(t.Context(), c.ID, "they stopped"))
		if n := made(); n != 0 {
			t.Errorf("%d writes count after a release, want none", n)
		}
		w.clock.at = w.clock.at.Add(time.Minute)
		w.done(c)
		if m := memory(t, w.Journal, w.clock.at); len(m.Made) != 1 || len(m.Overlay) != 1 {
			t.Errorf("made %v, overlay %v; want the last write in both", m.Made, m.Overlay)
		}
	})
}
