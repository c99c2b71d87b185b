package journal_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

const kept = 30 * 24 * time.Hour

// keeping is a writer of a journal that keeps rounds for a while, in memory
// where that can be had, for many rounds wait for a disk often.
func keeping(t *testing.T, at place, keep time.Duration) *writer {
	t.Helper()
	w := &writer{t: t, clock: &clock{start}, path: at(t)}
	if dir, err := os.MkdirTemp("/dev/shm", "journal"); err == nil && in(w.path, journal.Options{}).Postgres == nil {
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		w.path = filepath.Join(dir, "journal.db")
	}
	w.Journal = open(t, w.path, journal.Options{Now: w.clock.Now, Keep: keep})
	_, err := w.Lock(t.Context())
	must(t, err)
	w.begin()
	return w
}

// next ends the round and begins another after a while.
func (w *writer) next(after time.Duration) {
	w.t.Helper()
	must(w.t, w.Finish(w.t.Context(), w.round, plan.Round{At: w.clock.at}, map[string]string{"long": "report"}))
	w.clock.at = w.clock.at.Add(after)
	w.begin()
}

func (w *writer) past() []int64 {
	w.t.Helper()
	list, err := w.Past(w.t.Context(), 1000)
	must(w.t, err)
	rounds := []int64{}
	for _, p := range list {
		rounds = append(rounds, p.Round)
	}
	return rounds
}

func TestOldRoundsAreForgottenAndWhatStillDecidesIsNot(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := keeping(t, at, kept)
		until := start.Add(90 * 24 * time.Hour)
		standing := change(team, "none", "responder", plan.CausePolicy)
		standing.Until = &until
		w.done(standing)
		w.done(change(base, "limited_user", "user", plan.CausePolicy))
		w.done(change(base, "user", "limited_user", plan.CausePolicy))
		open := w.intent(change(turn, "none", "rotation", plan.CausePolicy))
		w.next(time.Minute)
		w.done(change(base, "limited_user", "user", plan.CausePolicy))
		w.done(change(base, "user", "limited_user", plan.CausePolicy))
		second := w.round
		w.next(kept / 2)
		w.done(change(base, "limited_user", "admin", plan.CausePolicy))
		third := w.round
		w.next(kept / 2)
		w.next(time.Hour)
		w.next(time.Hour)

		if d := cmp.Diff([]int64{third, 1}, w.past()); d != "" {
			t.Errorf("rounds kept (-want +got), of which %d is old: %s", second, d)
		}
		first, err := w.Round(t.Context(), 1)
		must(t, err)
		if len(first.Made) != 1 || first.Made[0].Change.ID != standing.ID {
			t.Errorf("of the first round is left %v, should be the raise that stands", first.Made)
		}
		m := memory(t, w.Journal, w.clock.at)
		if d := cmp.Diff(map[desired.Pair]string{team: "none", base: "limited_user"}, m.Raised); d != "" {
			t.Errorf("raises (-want +got):\n%s", d)
		}
		if d := cmp.Diff(map[desired.Pair]plan.Ending{team: {Role: "responder", Until: until, Cause: plan.CauseExpiry}}, m.Ends); d != "" {
			t.Errorf("ends (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]int64{open}, w.pending()); d != "" {
			t.Errorf("open intents (-want +got):\n%s", d)
		}
		w.result(open, apply.Outcome{Change: change(turn, "none", "rotation", plan.CausePolicy), Status: apply.Done, Wrote: true})
	})
}

func TestOfARoundThatIsNotTheLastItsPlanIsKeptInBrief(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		w := newWriter(t, at)
		c := change(team, "none", "manager", plan.CausePolicy)
		told := desired.Notice{Message: "what was told once"}
		whole := &plan.Plan{
			Version: plan.Version, Changes: []plan.Change{c}, Warnings: []desired.Notice{told},
			Names: map[string]string{"user:#U1": "ann@acme.com", "user:#U2": "bob@acme.com", "team:#T1": "team:Payments"},
		}
		var err error
		w.round, err = w.Begin(t.Context(), whole)
		must(t, err)
		w.done(c)
		first := w.round
		must(t, w.Finish(t.Context(), first, plan.Round{At: start}, nil))
		for _, brief := range []bool{false, true} {
			r, err := w.Round(t.Context(), first)
			must(t, err)
			if got := len(r.Plan.Warnings) == 0; got != brief {
				t.Errorf("in brief: %v, want %v", got, brief)
			}
			if got := r.Plan.Names["team:#T1"] + r.Plan.Names["user:#U1"]; got != "team:Paymentsann@acme.com" || len(r.Plan.Changes) != 1 {
				t.Errorf("the plan lost its changes or their names: %+v", r.Plan)
			}
			if _, there := r.Plan.Names["user:#U2"]; there == brief {
				t.Errorf("a name that no change has is there: %v", there)
			}
			w.begin()
			w.next(time.Minute)
		}
	})
}

// However many rounds there were, a memory says the same as one that forgets.
func TestForgettingChangesNoMemory(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		most, checks := 1000, 0
		if in(at(t), journal.Options{}).Postgres != nil {
			most = 12 // a server takes its time
		}
		rapid.Check(t, func(r *rapid.T) {
			if checks++; checks > most {
				return
			}
			forgetful, faithful := keeping(t, at, kept), keeping(t, at, 0)
			held := map[desired.Pair]string{}
			for range rapid.IntRange(3, 12).Draw(r, "rounds") {
				for range rapid.IntRange(0, 3).Draw(r, "changes") {
					p := rapid.SampledFrom([]desired.Pair{team, base, turn, {User: "U2", Resource: inventory.ByID(inventory.KindTeam, "T1")}}).Draw(r, "pair")
					roles := map[desired.Pair][]string{base: {"limited_user", "user", "admin"}, turn: {"none", "rotation"}}[p]
					if roles == nil {
						roles = []string{"none", "responder", "manager"}
					}
					if held[p] == "" {
						held[p] = roles[0]
					}
					to := rapid.SampledFrom(roles).Draw(r, "to")
					if to == held[p] {
						continue
					}
					c := change(p, held[p], to, plan.CausePolicy)
					if rapid.Bool().Draw(r, "ends") {
						until := forgetful.clock.at.Add(time.Hour)
						c.Until = &until
					}
					held[p] = to
					certain := rapid.Bool().Draw(r, "certain")
					for _, w := range []*writer{forgetful, faithful} {
						id := w.intent(c)
						if certain {
							w.result(id, apply.Outcome{Change: c, Status: apply.Done, Wrote: true})
						}
					}
				}
				pause := time.Duration(rapid.IntRange(1, 40*24).Draw(r, "hours")) * time.Hour
				forgetful.next(pause)
				faithful.next(pause)
			}
			now := forgetful.clock.at
			if d := cmp.Diff(memory(t, faithful.Journal, now), memory(t, forgetful.Journal, now)); d != "" {
				r.Errorf("memory (-faithful +forgetful):\n%s", d)
			}
			if d := cmp.Diff(changesOf(t, faithful), changesOf(t, forgetful)); d != "" {
				r.Errorf("open intents (-faithful +forgetful):\n%s", d)
			}
		})
	})
}

func changesOf(t *testing.T, w *writer) []string {
	t.Helper()
	open, err := w.Pending(t.Context())
	must(t, err)
	ids := []string{}
	for _, in := range open {
		for _, c := range in.Changes {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// BenchmarkMemory reads the memory after many rounds: what it costs must not
// grow with them.
func BenchmarkMemory(b *testing.B) {
	for _, rounds := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprintf("%d_rounds", rounds), func(b *testing.B) {
			ctx := b.Context()
			now := start
			j, err := journal.Open(ctx, b.TempDir()+"/dutyward.db", journal.Options{Now: func() time.Time { return now }})
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			if _, err := j.Lock(ctx); err != nil {
				b.Fatal(err)
			}
			state := plan.Round{At: now}
			for i := range rounds {
				now = now.Add(time.Hour)
				round, err := j.Begin(ctx, &plan.Plan{Version: plan.Version})
				if err != nil {
					b.Fatal(err)
				}
				c := change(desired.Pair{User: fmt.Sprintf("U%d", i%50), Resource: team.Resource}, "none", "responder", plan.CauseHandoff)
				if i/50%2 == 1 {
					c = change(c.Pair(), "responder", "none", plan.CauseHandoff)
				}
				id, err := j.Recorder(round).Begin(ctx, apply.Intent{Kind: c.Kind, Changes: []plan.Change{c}})
				if err == nil {
					err = j.Recorder(round).Finish(ctx, id, apply.Result{Outcomes: []apply.Outcome{{Change: c, Status: apply.Done, Wrote: true, At: now}}})
				}
				if err == nil {
					err = j.Finish(ctx, round, state, json.RawMessage(`{}`))
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for b.Loop() {
				if _, err := j.Memory(ctx, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
