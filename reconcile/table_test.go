package reconcile_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/dutyward/dutyward/policies/eval"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/compare"
	"github.com/dutyward/dutyward/reconcile/diff"
	"github.com/dutyward/dutyward/reconcile/internal/bigaccount"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

var accountSize = flag.String("account", "10000,500,500,500", "the size of the account for -bench Table: people,teams,schedules,policies")

// costs are what is measured, each after whatever it needs.
type costs struct {
	tb      testing.TB
	dir     string
	size    bigaccount.Size
	round   reconcile.Round
	loader  eval.Loader
	last    *reconcile.Result
	version int
}

func costsOf(tb testing.TB, size bigaccount.Size) *costs {
	c := &costs{tb: tb, dir: tb.TempDir(), size: size}
	if err := size.Write(c.dir); err != nil {
		tb.Fatal(err)
	}
	c.round = reconcile.Round{
		Reader: inMemory{size.Snapshot()}, Memory: (*journal.Journal)(nil), Evaluator: &eval.Evaluator{}, Cache: &diff.Cache{},
		Settings: plan.Settings{Default: plan.Sync}, Now: func() time.Time { return bigaccount.Now },
	}
	c.save()
	return c
}

func (c *costs) load(loader *eval.Loader) {
	set, err := loader.Load(context.Background(), eval.Options{Roots: []string{filepath.Join(c.dir, "policies")}, TimeLimit: 5 * time.Minute})
	if err != nil {
		c.tb.Fatal(err)
	}
	c.round.Policies = set
}

// save is what `plan --watch` does with one.
func (c *costs) save() {
	file := filepath.Join(c.dir, bigaccount.PolicyFile(0))
	c.version++
	text := fmt.Sprintf("# %d\n%s", c.version, c.size.Policy(0))
	save(c.tb, file, text)
	c.load(&c.loader)
	result, err := c.round.Plan(context.Background())
	if err != nil {
		c.tb.Fatal(err)
	}
	if c.last != nil {
		compare.Compare(&c.last.Result, &result.Result)
	}
	c.last = result
}

func (c *costs) forecast() {
	_, _, err := c.round.Forecast(context.Background(), func(now, _ time.Time) time.Time { return now.AddDate(0, 0, 14) })
	if err != nil {
		c.tb.Fatal(err)
	}
}

func (c *costs) all() []measured {
	return []measured{
		{"load", func() { c.load(new(eval.Loader)) }},
		{"save", c.save},
		{"forecast", c.forecast},
	}
}

type measured struct {
	name string
	run  func()
}

// BenchmarkTable is what each thing costs on an account of a size:
// go test -run - -bench Table -benchtime 3x ./reconcile -account 10000,500,500,500
func BenchmarkTable(b *testing.B) {
	size, err := bigaccount.ParseSize(*accountSize)
	if err != nil {
		b.Fatal(err)
	}
	c := costsOf(b, size)
	for _, m := range c.all() {
		b.Run(m.name, func(b *testing.B) {
			c.tb = b
			b.ReportAllocs()
			for b.Loop() {
				m.run()
			}
		})
	}
}

// ceilings are what each thing allocated when it was last measured, on the account of
// the test. What is cheaper now lowers them; load and save rose by a tenth and a fifth with the
// checks of rows, addresses and times.
var ceilings = map[string]struct{ bytes, allocations uint64 }{
	"load":     {31_100_000, 602_000},
	"save":     {26_400_000, 325_000},
	"forecast": {38_700_000, 162_000},
}

// Counts rather than time: these are the same on any machine.
func TestNothingAllocatesMuchMoreThanItDid(t *testing.T) {
	if testing.Short() {
		t.Skip("measures; run without -short")
	}
	const more = 1.15
	c := costsOf(t, bigaccount.Size{People: 1000, Teams: 50, Schedules: 50, Policies: 50, Turn: 24 * time.Hour})
	for _, m := range c.all() {
		m.run() // what is made once is no matter
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m.run()
		runtime.ReadMemStats(&after)
		bytes, allocations := after.TotalAlloc-before.TotalAlloc, after.Mallocs-before.Mallocs
		most := ceilings[m.name]
		t.Logf("%s: %d bytes, %d allocations", m.name, bytes, allocations)
		if float64(bytes) > more*float64(most.bytes) || float64(allocations) > more*float64(most.allocations) {
			t.Errorf("%s allocates %d bytes in %d pieces; recorded are %d in %d: find what costs more, or record it here and say why",
				m.name, bytes, allocations, most.bytes, most.allocations)
		}
	}
}
