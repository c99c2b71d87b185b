package pagerdutysim

// v3Routes registers shift-based schedules.
func (s *Server) v3Routes() {}
