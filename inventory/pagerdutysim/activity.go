package pagerdutysim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/input"
)

// sessionRoutes registers who is signed in, and what analytics say of people. The
// simulator has no sessions; each user has a delegation of the pages, and one of the
// app where they have a device.
func (s *Server) sessionRoutes() {
	s.handle("GET /users/{id}/oauth_delegations", s.listDelegations)
	s.handle("GET /users/{id}/oauth_delegations/{delegation_id}", s.getDelegation)
	s.handle("DELETE /oauth_delegations", s.deleteDelegations)
	s.handle("GET /users/{id}/sessions", s.listSessions)
	s.handle("DELETE /users/{id}/sessions", s.deleteSessions)
	s.handle("POST /analytics/raw/users", s.analyticsOfUsers)
}

// delegationsOf are a user's delegations.
func (s *Server) delegationsOf(u *user) []object {
	kinds := []string{"web"}
	if u.reachedBy("push_notification_contact_method") {
		kinds = append(kinds, "mobile")
	}
	list := []object{}
	for _, kind := range kinds {
		id := u.id + strings.ToUpper(kind)
		status := "issued"
		if slices.Contains(u.revoked, kind) {
			status = "revoked"
		}
		list = append(list, object{
			"id": id, "status": status, "client_id": "pagerduty-" + kind, "delegation_type": kind, "scope": "openid",
			"created_at": u.allocatedAt.UTC().Format(time.RFC3339), "expires_at": u.allocatedAt.AddDate(1, 0, 0).UTC().Format(time.RFC3339),
			"self": s.selfURL("/users/"+u.id+"/oauth_delegations", id),
		})
	}
	return list
}

func (u *user) reachedBy(kind string) bool {
	return slices.ContainsFunc(u.contacts, func(c contactMethod) bool { return c.kind == kind })
}

// listDelegations answers a single page: nobody has more than two.
func (s *Server) listDelegations(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	q := r.URL.Query()
	list := slices.DeleteFunc(s.delegationsOf(u), func(o object) bool {
		return q.Get("delegation_type") != "" && o["delegation_type"] != q.Get("delegation_type") || q.Get("status") != "" && o["status"] != q.Get("status")
	})
	writeJSON(w, http.StatusOK, object{"oauth_delegations": list, "limit": defaultLimit, "more": false, "next_cursor": ""})
}

func (s *Server) getDelegation(w http.ResponseWriter, r *http.Request) {
	u, ok := s.userOf(w, r)
	if !ok {
		return
	}
	for _, o := range s.delegationsOf(u) {
		if o["id"] == r.PathValue("delegation_id") {
			writeJSON(w, http.StatusOK, o)
			return
		}
	}
	writeNotFound(w)
}

// deleteDelegations revokes the delegations of the types given, one or both.
// Integrations' can't be revoked. Source: PagerDuty's API description,
// deleteOauthDelegations.
func (s *Server) deleteDelegations(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	kinds := strings.Split(q.Get("type"), ",")
	for _, kind := range kinds {
		if kind != "mobile" && kind != "web" {
			writeInvalid(w, "type must be mobile, web or both")
			return
		}
	}
	u := s.acct.users[q.Get("user_id")]
	if !u.live() {
		writeInvalid(w, "user_id is not a user of the account")
		return
	}
	u.revoked = slices.Concat(u.revoked, kinds)
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

// usersAsked is the body of POST /analytics/raw/users.
type usersAsked struct {
	Filters struct {
		Since string   `json:"created_at_start"`
		Until string   `json:"created_at_end"`
		Teams []string `json:"team_ids"`
		Users []string `json:"user_ids"`
	} `json:"filters"`
	Order string `json:"order"`
	Limit int    `json:"limit"`
	After string `json:"starting_after"`
}

// analyticsOfUsers lists what analytics say of people, up to a thousand a page. Who
// was invited and has not come yet never signed in; the others did a day ago, since
// the simulator has no sessions to tell it from.
func (s *Server) analyticsOfUsers(w http.ResponseWriter, r *http.Request) {
	var q usersAsked
	if !decodeBody(w, r, "", &q) {
		return
	}
	since, _ := input.Moment(q.Filters.Since, nil)
	until, err := input.Moment(q.Filters.Until, nil)
	if err != nil {
		until = s.now().AddDate(100, 0, 0)
	}
	users := slices.DeleteFunc(s.acct.usersByName(), func(u *user) bool {
		ofTeam := len(q.Filters.Teams) == 0 || slices.ContainsFunc(q.Filters.Teams, func(id string) bool {
			t := s.acct.teams[id]
			return t != nil && has(t.members, u.id)
		})
		return !u.deleted.IsZero() || u.allocatedAt.Before(since) || u.allocatedAt.After(until) || !ofTeam ||
			len(q.Filters.Users) > 0 && !slices.Contains(q.Filters.Users, u.id)
	})
	if q.Order == "desc" {
		slices.Reverse(users)
	} else {
		q.Order = "asc"
	}
	if at := slices.IndexFunc(users, func(u *user) bool { return u.id == q.After }); at >= 0 {
		users = users[at+1:]
	}
	const byDefault, most = 100, 1_000
	limit := byDefault
	if q.Limit > 0 {
		limit = min(q.Limit, most)
	}
	data := []object{}
	for _, u := range users[:min(limit, len(users))] {
		data = append(data, s.activityOf(u))
	}
	body := object{"data": data, "limit": limit, "more": len(data) < len(users), "order": q.Order, "order_by": "name", "time_zone": "Etc/UTC"}
	if len(data) > 0 {
		body["first"], body["last"] = data[0]["id"], data[len(data)-1]["id"]
	}
	writeJSON(w, http.StatusOK, body)
}

func (s *Server) activityOf(u *user) object {
	schedules, policies := 0, len(s.acct.policiesWith(inventory.Target{Type: "user", ID: u.id}))
	for _, c := range s.acct.schedules {
		if slices.Contains(c.People(s.now()), u.id) {
			schedules++
		}
	}
	kinds := map[string]bool{}
	for _, c := range u.contacts {
		kinds[strings.TrimSuffix(c.kind, "_contact_method")] = true
	}
	teams := s.acct.teamsOf(u.id)
	o := object{
		"id": u.id, "user_name": u.name, "email": u.email, "role": u.role, "description": u.description, "time_zone": u.timeZone,
		"created_at": u.allocatedAt.UTC().Format(time.RFC3339), "last_sign_in_at": nil, "signed_up": !u.invited, "team_id": nil, "team_name": nil,
		"team_count": len(teams), "schedules_count": schedules, "escalation_policies_count": policies, "on_schedule": schedules > 0, "on_escalation_policy": policies > 0,
		"default_notification_channel_count": len(u.rules), "notification_methods": len(u.contacts) > 0,
		"channel_types_configured": append([]string{}, slices.Sorted(maps.Keys(kinds))...), "downloaded_mobile_app": kinds["push_notification"],
	}
	if len(teams) > 0 {
		o["team_id"], o["team_name"] = teams[0], s.acct.teams[teams[0]].name
	}
	if !u.invited {
		o["last_sign_in_at"] = s.now().AddDate(0, 0, -1).Format(time.RFC3339)
	}
	return o
}
