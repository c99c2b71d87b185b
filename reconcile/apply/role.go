package apply

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/reconcile/plan"
)

// Users is what base roles are written on.
type Users interface {
	// User returns a person as PagerDuty holds them now.
	User(ctx context.Context, id string) (inventory.User, error)
	// SetBaseRole gives a person, as just read, another base role. What PagerDuty
	// demands to be sent along is sent as user holds it.
	SetBaseRole(ctx context.Context, user inventory.User, role string) error
}

// Teams is what team roles are written on.
type Teams interface {
	// TeamMembers returns the team role by user id.
	TeamMembers(ctx context.Context, teamID string) (map[string]string, error)
	// PutTeamMember puts a person on a team with a role, or changes the role.
	PutTeamMember(ctx context.Context, teamID, userID, role string) error
	// RemoveTeamMember takes a person off a team.
	RemoveTeamMember(ctx context.Context, teamID, userID string) error
}

// baseRoles are changed one at a time, for PagerDuty refuses concurrent changes of
// users ("account could not be locked").
type baseRoles struct {
	account Users
	look    *look

	mu    sync.Mutex
	users map[string]*userRead // looks that were fetched ahead
}

// userRead is a look at a person that was fetched ahead.
type userRead struct {
	done chan struct{} // closed at its end
	at   time.Time
	user inventory.User
	err  error
}

// aheadFor is how old a look at a person that was fetched ahead may be: their name and
// address are written with the role.
const aheadFor = 2 * time.Second

// foresee has somebody looked at who is written next.
func (k *baseRoles) foresee(ctx context.Context, c plan.Change, done func()) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.users[c.User] != nil {
		return false
	}
	read := &userRead{done: make(chan struct{}), at: k.look.now()}
	k.users[c.User] = read
	go func() {
		defer done()
		defer close(read.done)
		defer func() {
			if p := recover(); p != nil {
				read.err = fmt.Errorf("internal error, please report it: %v", p)
			}
		}()
		read.user, read.err = k.account.User(ctx, c.User)
	}()
	return true
}

// foreseen takes the look at a person that was fetched ahead, if it is there and fresh.
func (k *baseRoles) foreseen(ctx context.Context, user string) (inventory.User, bool) {
	k.mu.Lock()
	read := k.users[user]
	delete(k.users, user)
	k.mu.Unlock()
	if read == nil {
		return inventory.User{}, false
	}
	select {
	case <-read.done:
	case <-ctx.Done():
		return inventory.User{}, false
	}
	age := k.look.now().Sub(read.at)
	return read.user, read.err == nil && age >= 0 && age <= aheadFor
}

func (*baseRoles) unit(_ []plan.Change, i int) []int { return alone(i) }

func (*baseRoles) lane(plan.Change) string { return "users" }

func (k *baseRoles) user(ctx context.Context, c plan.Change) (string, inventory.User, error) {
	u, there := k.foreseen(ctx, c.User)
	if !there {
		var err error
		if u, err = k.account.User(ctx, c.User); err != nil {
			return "", u, fmt.Errorf("look at user %s: %w", c.User, err)
		}
	}
	return k.look.through(c.Pair(), u.BaseRole), u, nil
}

func (k *baseRoles) held(ctx context.Context, c plan.Change) (string, plan.OverrideShift, error) {
	found, _, err := k.user(ctx, c)
	return found, plan.OverrideShift{}, err
}

func (k *baseRoles) carryOut(ctx context.Context, x *run, unit []plan.Change) ([]Outcome, error) {
	c := unit[0]
	found, user, err := k.user(ctx, c)
	if err == nil && c.After == inventory.None && found == c.Before && x.mustStop(ctx) == "" {
		return []Outcome{failed(Outcome{Change: c, Found: found}, errors.New("removing people from the account is not supported"))}, nil
	}
	o, err := x.role(ctx, c, found, err, func(ctx context.Context) error { return k.account.SetBaseRole(ctx, user, c.After) })
	return []Outcome{o}, err
}

func (k *baseRoles) settle(ctx context.Context, x *recovery, in Intent) (Result, error) {
	return x.look(ctx, in, k.held)
}

// teamRoles are changed beside one another.
type teamRoles struct {
	account Teams
	look    *look

	mu    sync.Mutex
	teams map[string]*teamRead
}

// teamRead is the last read of a team's members. Its turn is held while
// reading, so that concurrent changes of a team share one read.
type teamRead struct {
	turn    chan struct{}
	at      time.Time
	members map[string]string
}

func newTeamRead() *teamRead { return &teamRead{turn: make(chan struct{}, 1)} }

func (*teamRoles) unit(_ []plan.Change, i int) []int { return alone(i) }

func (*teamRoles) lane(plan.Change) string { return "" }

func (k *teamRoles) held(ctx context.Context, c plan.Change) (string, plan.OverrideShift, error) {
	members, err := k.members(ctx, c.Resource.ID)
	if err != nil {
		return "", plan.OverrideShift{}, fmt.Errorf("look at the members of team %s: %w", c.Resource.ID, err)
	}
	role, ok := members[c.User]
	if !ok {
		role = inventory.None
	}
	return k.look.through(c.Pair(), role), plan.OverrideShift{}, nil
}

// foresee has the members of teams read that no change has looked at yet.
func (k *teamRoles) foresee(ctx context.Context, c plan.Change, done func()) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.teams[c.Resource.ID] != nil {
		return false
	}
	k.teams[c.Resource.ID] = newTeamRead()
	go func() {
		defer done()
		defer func() { _ = recover() }() // the change's own look says so
		_, _ = k.members(ctx, c.Resource.ID)
	}()
	return true
}

// members reads a team's members unless the last read is fresh.
func (k *teamRoles) members(ctx context.Context, team string) (map[string]string, error) {
	k.mu.Lock()
	t := k.teams[team]
	if t == nil {
		t = newTeamRead()
		k.teams[team] = t
	}
	k.mu.Unlock()

	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if age := k.look.now().Sub(t.at); t.members != nil && age >= 0 && age <= freshFor {
		return t.members, nil
	}
	at := k.look.now()
	members, err := k.account.TeamMembers(ctx, team)
	if err != nil {
		return nil, err
	}
	if members == nil {
		members = map[string]string{}
	}
	t.at, t.members = at, members
	return members, nil
}

func (k *teamRoles) carryOut(ctx context.Context, x *run, unit []plan.Change) ([]Outcome, error) {
	c := unit[0]
	found, _, err := k.held(ctx, c)
	o, err := x.role(ctx, c, found, err, func(ctx context.Context) error {
		if c.After == inventory.None {
			return k.account.RemoveTeamMember(ctx, c.Resource.ID, c.User)
		}
		return k.account.PutTeamMember(ctx, c.Resource.ID, c.User, c.After)
	})
	return []Outcome{o}, err
}

func (k *teamRoles) settle(ctx context.Context, x *recovery, in Intent) (Result, error) {
	return x.look(ctx, in, k.held)
}

// unneeded says that a change needs no write once it was looked at, and how it ended:
// the look failed, the run stops, or PagerDuty holds what is wanted.
func (x *run) unneeded(ctx context.Context, o Outcome, err error) (Outcome, bool) {
	stop := x.mustStop(ctx)
	switch {
	case err != nil && stop == "":
		return failed(o, err), true
	case stop != "":
		o.Status, o.Why = Skipped, "not started: "+stop
		return o, true
	case o.Found == o.Change.After:
		o.Status, o.Why = Already, "already so"
		return o, true
	}
	return o, false
}

// role writes a role that was looked at, if it is what the plan saw (S8), and
// remembers it for later looks.
func (x *run) role(ctx context.Context, c plan.Change, found string, err error, send func(context.Context) error) (Outcome, error) {
	o := Outcome{Change: c, Found: found}
	if o, ended := x.unneeded(ctx, o, err); ended {
		return o, nil
	}
	if found != c.Before {
		o.Status = Conflict
		o.Why = fmt.Sprintf("changed since the plan: it saw %s, PagerDuty now holds %s", c.Before, found)
		return o, nil
	}
	o, err = x.recorded(ctx, o, send, nil)
	if o.Wrote {
		x.look.wrote(plan.Write{Pair: c.Pair(), Before: c.Before, Role: c.After, At: o.At})
	}
	return o, err
}
