package inventory

import "slices"

// Gone says whether an id is that of a person who was deleted: PagerDuty leaves
// such on layers, events and escalation policies, as stubs that nobody is behind.
// Of a snapshot that is not complete it is not known, and says no.
func (s *Snapshot) Gone(user string) bool {
	if _, there := s.Users[user]; there || user == "" {
		return false
	}
	return s.Account.Complete
}

// Manned are the shifts of a list behind which there is somebody.
func (s *Snapshot) Manned(shifts []Shift) []Shift {
	if !slices.ContainsFunc(shifts, func(x Shift) bool { return s.Gone(x.User) }) {
		return shifts
	}
	return slices.DeleteFunc(slices.Clone(shifts), func(x Shift) bool { return s.Gone(x.User) })
}

// GoneOn are the people on a schedule who were deleted, sorted.
func (s *Snapshot) GoneOn(on Schedule) []string {
	var gone []string
	note := func(users ...string) {
		for _, user := range users {
			if s.Gone(user) {
				gone = append(gone, user)
			}
		}
	}
	noteAny := func(user *string) {
		if user != nil {
			note(*user)
		}
	}
	for _, l := range on.Layers {
		note(l.Users...)
	}
	for _, r := range on.Rotations {
		for _, e := range r.Events {
			for _, user := range e.Assignment.Members {
				noteAny(user)
			}
		}
	}
	for _, c := range on.CustomShifts {
		noteAny(c.User)
	}
	for _, o := range on.Overrides {
		noteAny(o.User)
	}
	slices.Sort(gone)
	return slices.Compact(gone)
}
