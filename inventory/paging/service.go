package paging

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
)

// Proof is what becomes of an incident of a service.
type Proof struct {
	Service string    `json:"service"`
	At      time.Time `json:"at"`
	// Silenced says why the service makes no incidents: "disabled" or "maintenance"; empty
	// if it does.
	Silenced string `json:"silenced"`
	// Walks are one for each urgency that the incident may have.
	Walks []*Walk `json:"walks"`
	// Holes are what is wrong with them, each at this moment alone.
	Holes []Hole `json:"holes_now"`
}

// Prove follows an incident of a service that begins at t, by the urgency given or, for
// "", by each that it may have.
func (a *Account) Prove(v inventory.Service, urgency string, t time.Time) Proof {
	p := Proof{Service: v.ID, At: t, Walks: []*Walk{}, Holes: []Hole{}}
	w := ongoing(v, t)
	switch {
	case v.Status == "disabled":
		p.Silenced = "disabled"
		return p
	case w != nil:
		p.Silenced = "maintenance"
		return p
	}
	h := hoursOf(v)
	list, _ := urgencies(v, h, t)
	if urgency != "" {
		list = []string{urgency}
	}
	for _, u := range list {
		w := a.walk(a.snap.EscalationPolicies[v.EscalationPolicy], u, t, raise(v, h, u, t))
		p.Walks = append(p.Walks, w)
		for _, hole := range a.holes(w, len(list) > 1) {
			hole.Since, hole.Until = t, t
			p.Holes = append(p.Holes, hole)
		}
	}
	return p
}

// walks are those of an incident that begins at t; next becomes the moment from which on
// they may differ.
func (a *Account) walks(v inventory.Service, h *hours, t time.Time, next *time.Time) []*Walk {
	list, edge := urgencies(v, h, t)
	if !edge.IsZero() {
		*next = earlier(*next, edge)
	}
	var walks []*Walk
	for _, u := range list {
		w := a.walk(a.snap.EscalationPolicies[v.EscalationPolicy], u, t, raise(v, h, u, t))
		*next = earlier(*next, t.Add(w.alike))
		if w.anchored && w.First.At.Sub(t) > a.bound {
			*next = earlier(*next, w.First.At.Add(-a.bound))
		}
		walks = append(walks, w)
	}
	return walks
}

// raise is when an incident becomes one of high urgency; nil for never.
func raise(v inventory.Service, h *hours, urgency string, t time.Time) *time.Time {
	if urgency != inventory.UrgencyLow || !v.RaisedAtSupportHours || h == nil {
		return nil
	}
	return h.begin(t)
}

// ongoing is the maintenance under way at t; nil if there is none.
func ongoing(v inventory.Service, t time.Time) *inventory.Window {
	for _, w := range v.Maintenance {
		if !t.Before(w.Since) && t.Before(w.Until) {
			return &w
		}
	}
	return nil
}

// nextMaintenance is when the next one begins.
func nextMaintenance(v inventory.Service, t time.Time) time.Time {
	next := t.Add(forever)
	for _, w := range v.Maintenance {
		if w.Since.After(t) {
			next = earlier(next, w.Since)
		}
	}
	return next
}

func earlier(x, y time.Time) time.Time {
	if y.Before(x) {
		return y
	}
	return x
}
