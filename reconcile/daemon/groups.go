package daemon

import (
	"time"

	"github.com/dutyward/dutyward/reconcile"
	"github.com/dutyward/dutyward/reconcile/feed"
)

// Groups are the groups as the last round that got so far found them.
type Groups struct {
	// At is the moment that they are of; zero before there was such a round.
	At  time.Time
	All []feed.Group
	// Changed is closed once there are others, or a later round found them.
	Changed <-chan struct{}
}

// groups are the groups for whoever asks.
type groups struct {
	at      time.Time
	all     []feed.Group
	changed chan struct{}
}

// Groups may be asked for at any time.
func (d *Daemon) Groups() Groups {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.groups.changed == nil {
		d.groups.changed = make(chan struct{})
	}
	return Groups{d.groups.at, d.groups.all, d.groups.changed}
}

// noteGroups takes over the groups that a round found. One of which nobody knows now who
// is in it keeps the members that it had: whoever follows it would else take it for empty.
func (d *Daemon) noteGroups(r *reconcile.Result) {
	known := map[string][]feed.Member{}
	for _, g := range d.groups.all {
		known[g.Name] = g.Members
	}
	d.groups.all = feed.Of(r.Access.Groups, r.Snapshot)
	for i, g := range d.groups.all {
		if before := known[g.Name]; len(g.Unknown) > 0 && before != nil {
			d.groups.all[i].Members = before
		}
	}
	d.groups.at = r.Plan.Now
	if d.groups.changed != nil {
		close(d.groups.changed)
	}
	d.groups.changed = make(chan struct{})
}
