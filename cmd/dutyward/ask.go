package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/journal"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// ask shows the plan, asks whether to carry it out, and does. While a person
// thinks nothing is locked, so that handoffs land; hence after the "yes" the plan
// is made again, and what moved meanwhile is shown and asked about again (S18).
// A plan without changes is carried out too, so that the round is remembered.
func (x *application) ask(ctx context.Context, s *session.Session) error {
	fresh, err := s.Plan(ctx)
	if err != nil {
		return err
	}
	var moved []string
	for {
		agreed, err := x.show(fresh)
		if err != nil {
			return err
		}
		for _, m := range moved {
			fmt.Fprintf(x.Stdout, "\nSince you were asked: %s", m)
		}
		if len(moved) > 0 {
			fmt.Fprintln(x.Stdout)
		}
		if len(agreed.Changes) > 0 {
			if err := x.agree(); err != nil {
				return err
			}
			if err := x.renew(ctx, s); err != nil {
				return err
			}
			if err := x.undo.agreed(); err != nil {
				return err
			}
		}
		done, err := x.carryOut(ctx, s, patient{s.Journal, x.app}, func(now *reconcile.Result) (*plan.Plan, error) {
			p, err := x.made(now)
			if err == nil {
				fresh, moved = now, reconcile.Moved(agreed, p)
			}
			if err != nil || len(moved) > 0 {
				return nil, err
			}
			return p, nil
		})
		if err != nil || len(moved) == 0 {
			return x.told(done, err)
		}
		if err := x.told(done, nil); err != nil {
			return err
		}
	}
}

// agree asks whether to make the changes; only "yes" is no error.
func (x *application) agree() error {
	if x.asJSON || !terminal.Is(x.Stdin) {
		return errors.New("not a terminal, so nobody can confirm: pass --yes; nothing was done")
	}
	ok, err := x.confirm("Make these changes?")
	if err == nil && !ok {
		err = errors.New("declined; nothing was done")
	}
	return err
}

// made is the plan of a round.
func (x *application) made(r *reconcile.Result) (*plan.Plan, error) {
	if x.undo != nil {
		return x.undo.Reversal(r).Plan, nil
	}
	return r.Plan, nil
}

// renew takes up the policies as they stand now: those that were planned with may
// be old by the time somebody says yes. Another configuration is another command.
func (x *application) renew(ctx context.Context, s *session.Session) error {
	c, err := x.Config()
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(c, s.Config) {
		return errors.New("the configuration changed since the plan was made; nothing was done: run it again")
	}
	if x.keepPolicies {
		return nil
	}
	set, err := session.LoadPolicies(ctx, c, x.roots)
	if err != nil {
		return err
	}
	s.Policies = set
	return nil
}

// patient is a journal whose lock is waited for: a round of the daemon's may be
// under way when somebody says yes.
type patient struct {
	*journal.Journal
	*app
}

const (
	lockPatience = time.Minute
	lockTries    = 100 * time.Millisecond
)

// Lock waits for the lock, and says so.
func (p patient) Lock(ctx context.Context) (unlock func() error, err error) {
	for began, told := time.Now(), false; ; told = true {
		unlock, err = p.Journal.Lock(ctx)
		var locked *journal.LockedError
		if !errors.As(err, &locked) || time.Since(began) > lockPatience {
			return unlock, err
		}
		if !told {
			fmt.Fprintf(p.Stderr, "note: %v; waiting\n", err)
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(lockTries):
		}
	}
}

// confirm asks a person on the terminal; only "yes" is yes.
func (a *app) confirm(question string) (bool, error) {
	fmt.Fprintf(a.Stdout, "\n%s Type \"yes\" to continue: ", question)
	if err := session.Flush(a.Stdout); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(a.Stdin).ReadString('\n')
	if err != nil && err != io.EOF {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	fmt.Fprintln(a.Stdout)
	return strings.TrimSpace(line) == "yes", nil
}

// unhindered lets nothing that reads what is told, or stops the terminal, hold up
// what follows until the returned function is called: it is told as it can be.
func (x *application) unhindered() (finish func()) {
	before := x.app
	out, err := terminal.NewBehind(before.Stdout, nil), terminal.NewBehind(before.Stderr, nil)
	ours := *before.Process
	ours.Stdout, ours.Stderr = out, err
	x.app = &app{&ours}
	resume := terminal.IgnoreStops()
	if before.Locked != nil {
		before.Locked.Store(true)
	}
	return func() {
		if before.Locked != nil {
			before.Locked.Store(false)
		}
		out.Finish(0)
		err.Finish(0)
		resume()
		x.app, x.tell = before, nil
	}
}
