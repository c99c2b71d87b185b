package pagerdutysim

// scheduleRoutes registers layer-based schedules and their overrides.
func (s *Server) scheduleRoutes() {}
