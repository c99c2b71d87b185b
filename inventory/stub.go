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
