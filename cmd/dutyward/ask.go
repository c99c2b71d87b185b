package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/dutyward/dutyward/cmd/internal/session"
	"github.com/dutyward/dutyward/cmd/internal/terminal"
	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/decide"
)

// ask shows the plan, asks whether to carry it out, and does; what moved while the
// person thought is shown and asked about again.
func (x *application) ask(ctx context.Context, s *session.Session, a *decide.Applying) error {
	p, err := a.Propose(ctx)
	if err != nil {
		return err
	}
	for {
		if err := x.propose(ctx, s, a, p); err != nil {
			return err
		}
		var next *decide.Proposal
		done, err := x.unhindered(func() (done *reconcile.Applied, err error) {
			done, next, err = a.Agreed(ctx, p)
			return done, err
		})
		if err := x.told(done, err); err != nil || next == nil {
			return err
		}
		p = next
	}
}

// propose shows a proposal, and asks about its changes if it has some.
func (x *application) propose(ctx context.Context, s *session.Session, a *decide.Applying, p *decide.Proposal) error {
	if err := x.show(ctx, a, p); err != nil {
		return err
	}
	for _, m := range p.Moved {
		fmt.Fprintf(x.Stdout, "\nSince you were asked: %s", m)
	}
	if len(p.Moved) > 0 {
		fmt.Fprintln(x.Stdout)
	}
	if len(p.Plan.Changes) == 0 {
		return nil
	}
	if err := x.agree(); err != nil {
		return err
	}
	return x.renew(ctx, s)
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

// unhindered carries out what does, with nothing that reads what is reported, or stops the
// terminal, holding it up: it is reported as it can be. Whoever reads it does not keep the
// lock from others, be it a pager that waits for a key.
func (x *application) unhindered(does func() (*reconcile.Applied, error)) (*reconcile.Applied, error) {
	before := x.app
	out, err := terminal.NewBehind(before.Stdout, nil), terminal.NewBehind(before.Stderr, nil)
	ours := *before.Process
	ours.Stdout, ours.Stderr = out, err
	x.app = &app{&ours}
	resume := terminal.IgnoreStops()
	if before.Locked != nil {
		before.Locked.Store(true)
	}
	defer func() {
		if before.Locked != nil {
			before.Locked.Store(false)
		}
		out.Finish(0)
		err.Finish(0)
		resume()
		x.app, x.tell = before, nil
	}()
	return does()
}
