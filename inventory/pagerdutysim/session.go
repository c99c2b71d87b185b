package pagerdutysim

import "net/http"

// sessionRoutes registers signing people out. The simulator has no sessions:
// only the arguments are looked at.
func (s *Server) sessionRoutes() {
	s.handle("DELETE /oauth_delegations", s.deleteDelegations)
	s.handle("GET /users/{id}/sessions", s.listSessions)
	s.handle("DELETE /users/{id}/sessions", s.deleteSessions)
}

// deleteDelegations takes one type a call.
func (s *Server) deleteDelegations(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if kind := q.Get("type"); kind != "mobile" && kind != "web" {
		writeInvalid(w, "type must be mobile or web")
		return
	}
	if u := s.acct.users[q.Get("user_id")]; u == nil || !u.deleted.IsZero() {
		writeInvalid(w, "user_id is not a user of the account")
		return
	}
	writeJSON(w, http.StatusOK, object{"status": "ok"})
}

func (s *Server) listSessions(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.userOf(w, r); ok {
		writeJSON(w, http.StatusOK, object{"user_sessions": []object{}})
	}
}

func (s *Server) deleteSessions(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.userOf(w, r); ok {
		w.WriteHeader(http.StatusNoContent)
	}
}
