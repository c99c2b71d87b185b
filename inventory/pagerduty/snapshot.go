package pagerduty

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory"

	"golang.org/x/sync/errgroup"
)

// SnapshotOptions say what a snapshot must account for.
type SnapshotOptions struct {
	// Schedules are ids that must be found or have answered 404: those that
	// policies or the previous complete snapshot mention.
	Schedules []string
}

// Snapshot reads the account. An error means that nothing useful could be read
// (PagerDuty not reached, token not accepted, no mandatory part readable) or
// that ctx ended. Whatever else is lacking stands in Account.Missing and
// Account.Unavailable.
func (c *Client) Snapshot(ctx context.Context, o SnapshotOptions) (*inventory.Snapshot, error) {
	readCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := newReading(c, o, cancel)
	if err := r.begin(readCtx); err != nil {
		return nil, err
	}
	r.all(readCtx)
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	return r.finish()
}

// reading is one snapshot in the making. Parts read concurrently; each writes
// collections of its own, what they share is under mu.
type reading struct {
	c      *Client
	o      SnapshotOptions
	giveUp context.CancelCauseFunc
	// base is what the account was before, where parts of it are read again; else nil.
	base *inventory.Snapshot

	mu       sync.Mutex
	s        inventory.Snapshot
	failures []error // of mandatory parts, as Missing
	hopeless int     // requests whose retries were used up

	users    []wireUser // as read, with those marked as deleted
	teams    map[string]wireTeam
	policies []wirePolicy
	deleted  map[string]bool   // ids of users marked as deleted
	members  chan struct{}     // closed when team members were read
	seats    map[string]string // user id to license id
}

func newReading(c *Client, o SnapshotOptions, giveUp context.CancelCauseFunc) *reading {
	r := &reading{c: c, o: o, giveUp: giveUp, deleted: map[string]bool{}, members: make(chan struct{}), seats: map[string]string{}}
	r.s.Account = inventory.Account{Name: c.o.Account, Region: cmp.Or(c.o.Region, "us")}
	r.s.Users = map[string]inventory.User{}
	r.s.Teams = map[string]inventory.Team{}
	r.s.Schedules = map[string]inventory.Schedule{}
	r.s.EscalationPolicies = map[string]inventory.EscalationPolicy{}
	r.s.Services = map[string]inventory.Service{}
	r.s.Licenses = map[string]inventory.License{}
	return r
}

// begin makes the first request, for the abilities: its Date is the snapshot's
// time, and a token that is not accepted shows here.
func (r *reading) begin(ctx context.Context) error {
	header, err := r.abilities(ctx)
	if err != nil && (header == nil || status(err) == http.StatusUnauthorized) {
		return err
	}
	if err != nil {
		r.unavailable("abilities")
	}
	r.setClock(header)
	return nil
}

func (r *reading) setClock(header http.Header) {
	now := r.c.answeredAt(header)
	midnight := now.Truncate(24 * time.Hour)
	r.s.Now = now
	r.s.Account.TakenAt = now
	r.s.Account.Window = inventory.Window{
		Since: midnight.AddDate(0, 0, -r.c.o.Back),
		Until: midnight.AddDate(0, 0, r.c.o.Ahead),
	}
}

// all reads every part, what it can concurrently.
func (r *reading) all(ctx context.Context) {
	var group errgroup.Group
	part := func(read func(context.Context)) {
		group.Go(func() error { read(ctx); return nil })
	}
	policies := make(chan struct{})
	part(func(ctx context.Context) { defer close(policies); r.readEscalationPolicies(ctx) })
	part(func(ctx context.Context) { <-policies; r.readOnCalls(ctx) })
	part(r.readUsers)
	part(r.readTeams)
	part(func(ctx context.Context) {
		r.readSchedules(ctx)
		<-policies
		r.readSought(ctx)
	})
	part(r.readServices)
	part(r.readLicenses)
	_ = group.Wait()
	r.checkMemberships(ctx)
	r.checkMentions(ctx)
	r.checkPeople(ctx)
	r.checkOnCalls(ctx)
}

// finish puts together what several parts contribute to.
func (r *reading) finish() (*inventory.Snapshot, error) {
	if err := r.nothingRead(); err != nil {
		return nil, err
	}
	for _, w := range r.users {
		if w.deleted() {
			continue
		}
		u := w.inventory()
		if seat, ok := r.seats[u.ID]; ok {
			u.License = &seat
		}
		r.s.Users[u.ID] = u
	}
	r.s.Account.DeletedUsers = len(r.deleted)
	for id, team := range r.s.Teams {
		for user, role := range team.Members {
			if r.deleted[user] {
				delete(team.Members, user)
			} else if u, ok := r.s.Users[user]; ok {
				u.Teams[id] = role
			}
		}
	}
	r.s.Account.Complete = len(r.s.Account.Missing) == 0
	r.s.Normalize()
	r.c.recognize(&r.s)
	return &r.s, nil
}

// nothingRead returns the error that makes a snapshot pointless, if any.
func (r *reading) nothingRead() error {
	for _, err := range r.failures {
		if status(err) == http.StatusUnauthorized {
			return err
		}
	}
	nothing := len(r.users) == 0 && len(r.s.Teams) == 0 && len(r.s.Schedules) == 0 && len(r.s.EscalationPolicies) == 0
	if nothing && len(r.failures) > 0 {
		return r.failures[0]
	}
	return nil
}

// hopelessAfter is how many requests may use up their retries before a reading
// is given up: what is down stays down, and each takes long.
const hopelessAfter = 3

// miss records that a mandatory part could not be read, or not whole.
func (r *reading) miss(ctx context.Context, what string, err error) {
	r.missOf(ctx, inventory.Ref{}, what, err)
}

// missMembers is miss for the members of a team.
func (r *reading) missMembers(ctx context.Context, t inventory.Team, err error) {
	r.missOf(ctx, inventory.ByID(inventory.KindTeam, t.ID), membersOf(t), err)
}

func (r *reading) missOf(ctx context.Context, resource inventory.Ref, what string, err error) {
	reason := err.Error()
	if ctx.Err() != nil {
		reason = "not read any more, since reading was given up"
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
			reason += ": " + cause.Error()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, err)
	r.s.Account.Missing = append(r.s.Account.Missing, inventory.Missing{What: what, Reason: reason, Resource: resource})
	if ctx.Err() == nil && down(err) {
		if r.hopeless++; r.hopeless >= hopelessAfter {
			r.giveUp(err)
		}
	}
}

// down says that PagerDuty did not answer as it does when it is well, however
// often it was asked.
func down(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status < 400 || e.Status == http.StatusTooManyRequests || e.Status >= 500)
}

// unavailable records that an optional part could not be read.
func (r *reading) unavailable(part string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.Account.Unavailable = append(r.s.Account.Unavailable, part)
}

// progress returns a list's progress function.
func (r *reading) progress(what string) func(done, of int) {
	return func(done, of int) { r.c.progress(Progress{What: what, Done: done, Of: of}) }
}

// planLacks says that the account's plan does not have this at all, so that
// there is nothing to read.
func planLacks(err error) bool { return status(err) == http.StatusPaymentRequired }
