package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// readSought asks for each schedule that must be somewhere and is in neither
// list. PagerDuty leaves out of /v3/schedules what the token can't read, so
// only a 404 on a schedule's own id says that it is gone; any other answer
// makes it missing. Where a list itself could not be read nothing is sought: the
// snapshot is incomplete as it is, and each schedule would be a request.
func (r *reading) readSought(ctx context.Context) {
	if r.missing(layerBased) || r.missing(shiftBased) {
		return
	}
	sought := map[string]string{}
	for _, id := range r.o.Schedules {
		sought[id] = "mentioned before"
	}
	for _, p := range r.s.EscalationPolicies {
		for _, rule := range p.Rules {
			for _, t := range rule.Targets {
				if t.Type == "schedule" && (sought[t.ID] == "" || p.Name < sought[t.ID]) {
					sought[t.ID] = p.Name
				}
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(sought)) {
		if _, found := r.s.Schedules[id]; found || r.missing("schedule "+id) {
			continue
		}
		if err := r.readOne(ctx, id); err != nil {
			r.miss(ctx, "schedule "+id, fmt.Errorf("in neither list of schedules (%s), and not readable on its own id: %w", mentionedBy(sought[id]), err))
		}
	}
}

func mentionedBy(by string) string {
	if by == "mentioned before" {
		return by
	}
	return "target of escalation policy " + by
}

// readOne reads a schedule of unknown kind on its own id; nil also if PagerDuty
// says that it is gone.
func (r *reading) readOne(ctx context.Context, id string) error {
	s, _, err := r.c.layered(ctx, id, r.s.Account.Window)
	switch {
	case err == nil:
		r.addLayered(ctx, s)
		return nil
	case status(err) != http.StatusNotFound && !saysShiftBased(err):
		return err
	}
	notLayered := err
	err = r.addShiftBased(ctx, id)
	if status(err) == http.StatusNotFound && status(notLayered) == http.StatusNotFound {
		return nil
	}
	return err
}

// saysShiftBased matches the 400 of a v2 read of a shift-based schedule. The
// exact text is not known; that of the reverse speaks of the "v2 Schedules API".
// Source: pagerduty-mcp-server.
func saysShiftBased(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest {
		return false
	}
	said := strings.ToLower(e.Message + " " + strings.Join(e.Errors, " "))
	return strings.Contains(said, "v3") || strings.Contains(said, "shift-based")
}
