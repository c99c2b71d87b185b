package apply

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/policies/desired"
	"github.com/dutyward/dutyward/reconcile/plan"
)

const (
	// freshFor is how old a read may be when a write builds on it (S8).
	freshFor = 10 * time.Second
	// staleFor is how long PagerDuty may answer old after a write (S9).
	staleFor = 2 * time.Minute
)

// look reads what PagerDuty holds, seen through the writes that it may not yet
// show.
type look struct {
	account Account
	now     func() time.Time

	mu     sync.Mutex
	writes map[desired.Pair][]plan.Write
	teams  map[string]*teamRead
}

// teamRead is the last read of a team's members. Its lock is held while
// reading, so that concurrent changes of a team share one read.
type teamRead struct {
	mu      sync.Mutex
	at      time.Time
	members map[string]string
}

func newLook(a Account, now func() time.Time, overlay []plan.Write) *look {
	l := &look{account: a, now: now, writes: map[desired.Pair][]plan.Write{}, teams: map[string]*teamRead{}}
	for _, w := range overlay {
		l.wrote(w)
	}
	return l
}

// wrote remembers an acknowledged write.
func (l *look) wrote(w plan.Write) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes[w.Pair] = append(l.writes[w.Pair], w)
}

// role is the role that a pair holds now. For the account it returns the
// person too, as just read.
func (l *look) role(ctx context.Context, p desired.Pair) (string, inventory.User, error) {
	switch p.Resource.Kind {
	case inventory.KindAccount:
		u, err := l.account.User(ctx, p.User)
		if err != nil {
			return "", u, fmt.Errorf("look at user %s: %w", p.User, err)
		}
		return l.through(p, u.BaseRole), u, nil
	case inventory.KindTeam:
		members, err := l.members(ctx, p.Resource.ID)
		if err != nil {
			return "", inventory.User{}, fmt.Errorf("look at the members of team %s: %w", p.Resource.ID, err)
		}
		role, ok := members[p.User]
		if !ok {
			role = inventory.None
		}
		return l.through(p, role), inventory.User{}, nil
	}
	return "", inventory.User{}, fmt.Errorf("access to %s can't be changed by this version", p.Resource)
}

// members reads a team's members unless the last read is fresh.
func (l *look) members(ctx context.Context, team string) (map[string]string, error) {
	l.mu.Lock()
	t := l.teams[team]
	if t == nil {
		t = &teamRead{}
		l.teams[team] = t
	}
	l.mu.Unlock()

	t.mu.Lock()
	defer t.mu.Unlock()
	if age := l.now().Sub(t.at); t.members != nil && age >= 0 && age <= freshFor {
		return t.members, nil
	}
	at := l.now()
	members, err := l.account.TeamMembers(ctx, team)
	if err != nil {
		return nil, err
	}
	if members == nil {
		members = map[string]string{}
	}
	t.at, t.members = at, members
	return members, nil
}

// through is what a read means in view of the acknowledged writes that
// PagerDuty may not yet show: any value that it held around them is the last
// one written. Another value is the truth, for somebody else wrote it.
func (l *look) through(p desired.Pair, read string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, seen := l.now(), read
	old := map[string]bool{}
	for _, w := range l.writes[p] {
		if now.Sub(w.At) >= staleFor {
			continue
		}
		old[w.Before] = true
		if old[read] {
			seen = w.Role
		}
	}
	return seen
}
