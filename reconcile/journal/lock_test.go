package journal_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/apply"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/journal/pgtest"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// holdVariable makes the test binary a process that takes the lock of the
// journal it names, says so, and waits to be killed.
const holdVariable = "DUTYWARD_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdVariable); path != "" {
		hold(path)
	}
	if address := os.Getenv(leadVariable); address != "" {
		lead(address)
	}
	code := m.Run()
	pgtest.Stop()
	os.Exit(code)
}

func hold(path string) {
	ctx := context.Background()
	j, err := journal.Open(ctx, path, journal.Options{Now: time.Now, Command: "dutyward run"})
	if err == nil {
		_, err = j.Lock(ctx)
	}
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	os.Stdout.WriteString("held\n")
	select {}
}

func TestS29_ASecondProcessIsToldWhoHoldsTheLockAndTakesOverFromADeadOne(t *testing.T) {
	path := file(t)
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holdVariable+"="+path)
	out, err := holder.StdoutPipe()
	must(t, err)
	must(t, holder.Start())
	t.Cleanup(func() { holder.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "held\n" {
		t.Fatalf("the other process said %q, error %v", line, err)
	}

	j := open(t, path, journal.Options{})
	var locked *journal.LockedError
	_, err = j.Lock(t.Context())
	if !errors.As(err, &locked) || locked.Holder.PID != holder.Process.Pid {
		t.Fatalf("error %v, want one that names process %d", err, holder.Process.Pid)
	}
	host, _ := os.Hostname()
	says(t, err, path, "dutyward run", host)
	memory(t, j, start) // reading needs no lock

	must(t, holder.Process.Kill())
	holder.Wait() // it was killed, as its error says
	unlock, err := j.Lock(t.Context())
	must(t, err)
	if w, err := j.Writer(t.Context()); err != nil || w.PID != os.Getpid() {
		t.Errorf("the lock is signed by %v, error %v", w, err)
	}
	must(t, unlock())
}

func TestS29_ALockGivenBackIsFree(t *testing.T) {
	onBoth(t, func(t *testing.T, at place) {
		path := at(t)
		first, second := open(t, path, journal.Options{Command: "first"}), open(t, path, journal.Options{Command: "second"})
		unlock, err := first.Lock(t.Context())
		must(t, err)
		_, err = second.Lock(t.Context())
		says(t, err, `"first"`)
		_, err = first.Lock(t.Context())
		says(t, err, "this process holds the writer's lock already")

		must(t, unlock())
		if w, err := first.Writer(t.Context()); err != nil || w != (journal.Holder{}) {
			t.Errorf("the lock is still signed by %v, error %v", w, err)
		}
		_, err = second.Lock(t.Context())
		must(t, err)
		must(t, unlock()) // a second time it does nothing
		if w, err := first.Writer(t.Context()); err != nil || w.Command != "second" {
			t.Errorf("the lock is signed by %v, error %v", w, err)
		}
	})
}

// Between machines only the lease tells. The file's lock does not reach the
// other machine, as on a shared disk: here, because the file is replaced.
func TestS29_AnotherMachinesLeaseIsWaitedForAndAWriterThatLostItStops(t *testing.T) {
	path := file(t)
	wall := &clock{start}
	here := open(t, path, journal.Options{Host: "here", Wall: wall.Now, Command: "dutyward run"})
	there := open(t, path, journal.Options{Host: "there", Wall: wall.Now, Command: "dutyward apply"})
	_, err := here.Lock(t.Context())
	must(t, err)
	round, err := here.Begin(t.Context(), &plan.Plan{})
	must(t, err)
	must(t, os.Remove(path+".lock"))
	c := plan.Change{Kind: plan.TeamRole, User: "U1", Resource: inventory.ByID(inventory.KindTeam, "T1"), Before: "none", After: "manager", Effect: plan.Raise}

	wall.at = start.Add(journal.Lease - time.Second)
	_, err = there.Lock(t.Context())
	var locked *journal.LockedError
	if !errors.As(err, &locked) || locked.Holder.Host != "here" {
		t.Fatalf("while the lease runs: %v", err)
	}
	in := apply.Intent{Kind: c.Kind, Changes: []plan.Change{c}}
	kept, err := here.Recorder(round).Begin(t.Context(), in) // renews it
	must(t, err)
	wall.at = start.Add(journal.Lease + time.Second)
	_, err = there.Lock(t.Context())
	says(t, err, "here")

	wall.at = start.Add(3 * journal.Lease)
	_, err = there.Lock(t.Context())
	must(t, err)
	_, err = here.Recorder(round).Begin(t.Context(), in)
	if !errors.Is(err, journal.ErrNotLocked) || !strings.Contains(err.Error(), "there") {
		t.Errorf("an intent of the one that lost it: %v", err)
	}
	// What it had written already must not be lost.
	done := apply.Outcome{Change: c, Status: apply.Done, Wrote: true, At: start}
	must(t, here.Recorder(round).Finish(t.Context(), kept, apply.Result{Outcomes: []apply.Outcome{done}}))
	pair := desired.Pair{User: "U1", Resource: c.Resource}
	if m := memory(t, there, start); m.Raised[pair] != "none" {
		t.Errorf("raised %v", m.Raised)
	}
}
