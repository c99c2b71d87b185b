package pagerdutysim

import (
	"time"

	"github.com/dutyward/dutyward/inventory"
)

func (s *Server) abilityRoutes()      {}
func (s *Server) userRoutes()         {}
func (s *Server) contactRoutes()      {}
func (s *Server) notificationRoutes() {}
func (s *Server) licenseRoutes()      {}
func (s *Server) sessionRoutes()      {}
func (s *Server) teamRoutes()         {}
func (s *Server) memberRoutes()       {}
func (s *Server) policyRoutes()       {}
func (s *Server) serviceRoutes()      {}
func (s *Server) onCallRoutes()       {}
func (s *Server) auditRoutes()        {}

func seed(*inventory.Snapshot, time.Time) (*account, error) { return &account{}, nil }
