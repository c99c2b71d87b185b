package eval

// WithoutHeads has the rules run as they are written, without a look at heads that are
// undefined where bodies hold: what that costs is the difference.
func (s *Set) WithoutHeads() {
	for _, rules := range s.rules {
		for _, r := range rules {
			r.head, r.helpers = nil, nil
		}
	}
}
