// Package catalogue keeps what the simulator has little logic of its own for as it
// was sent: tags, business services, maintenance windows, extensions, integrations,
// webhook subscriptions, the notification rules of handoffs and status updates; and
// lists of vendors, priorities and extension schemas, which are there from the start.
package catalogue

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/dutyward/dutyward/inventory"
	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
)

// Store is all that is kept. Things are replaced and never changed in place, so that
// a clone shares them.
type Store struct {
	// shelves are the things in the order of their creation, by the path of their
	// list with what it belongs to filled in.
	shelves map[string][]answer.Object
	// tagged are the paths of what has a tag ("users/PABC123"), by the tag's id.
	tagged map[string][]string
}

// New is a store with what every account has.
func New() *Store {
	s := &Store{shelves: map[string][]answer.Object{}, tagged: map[string][]string{}}
	// Vendors have the same ids in every account; four of these are PagerDuty's (its
	// Terraform provider, data_source_pagerduty_vendor_test.go), the others made up.
	for _, v := range [][2]string{
		{"PZQ6AUS", "Amazon CloudWatch"}, {"PAM4FGS", "Datadog"}, {"P2H5JSL", "Nagios"}, {"PZD94QK", "New Relic"}, {"PRMT001", "Sensu"},
		{"PKAPG94", "Sentry"}, {"PRYWPH4", "Slack to PagerDuty (Legacy)"}, {"P9S4RFU", "Email"}, {"PRMT003", "Prometheus"}, {"PRMT004", "Grafana"}, {"P4F1H6J", "Zabbix"},
	} {
		s.put("/vendors", answer.Object{"id": v[0], "name": v[1], "description": v[1]})
	}
	for i, name := range []string{"P1", "P2", "P3", "P4", "P5"} {
		s.put("/priorities", answer.Object{"id": "PPRIO0" + name[1:], "name": name, "description": "", "order": float64(i)})
	}
	for _, v := range [][3]string{
		{"PJFWPEP", "generic_v2_webhook", "Generic V2 Webhook"}, {"PFA7YWQ", "slack", "Slack"}, {"PAKM60Z", "servicenow", "ServiceNow (v7)"},
	} {
		s.put("/extension_schemas", answer.Object{"id": v[0], "key": v[1], "label": v[2], "description": v[2], "send_types": []any{"trigger", "acknowledge", "resolve"}})
	}
	return s
}

// Clone is a copy that shares nothing that a write changes in place.
func (s *Store) Clone() *Store {
	c := &Store{shelves: maps.Clone(s.shelves), tagged: maps.Clone(s.tagged)}
	for path, list := range c.shelves {
		c.shelves[path] = slices.Clone(list)
	}
	for id, list := range c.tagged {
		c.tagged[id] = slices.Clone(list)
	}
	return c
}

func (s *Store) put(path string, o answer.Object) {
	if i := s.index(path, text(o, "id")); i >= 0 {
		s.shelves[path][i] = o
		return
	}
	s.shelves[path] = append(s.shelves[path], o)
}

func (s *Store) index(path, id string) int {
	return slices.IndexFunc(s.shelves[path], func(o answer.Object) bool { return text(o, "id") == id })
}

func (s *Store) get(path, id string) answer.Object {
	if i := s.index(path, id); i >= 0 {
		return s.shelves[path][i]
	}
	return nil
}

func (s *Store) remove(path, id string) {
	s.shelves[path] = slices.DeleteFunc(s.shelves[path], func(o answer.Object) bool { return text(o, "id") == id })
}

// Has says that something of these kinds has an id.
func (s *Store) Has(id string) bool {
	for path := range s.shelves {
		if s.index(path, id) >= 0 {
			return true
		}
	}
	return false
}

// Name finds a thing by the path of its list and id, and says what it is called.
func (s *Store) Name(path, id string) (string, bool) {
	o := s.get(path, id)
	return cmp.Or(text(o, "name"), text(o, "label")), o != nil
}

// Maintain adds a maintenance window of a service.
func (s *Store) Maintain(id, service string, w inventory.Window) {
	const path = "/maintenance_windows"
	s.put(path, answer.Object{
		"id": id, "type": "maintenance_window", "description": "", "teams": []any{},
		"start_time": w.Since.UTC().Format(time.RFC3339), "end_time": w.Until.UTC().Format(time.RFC3339),
		"services":        []any{map[string]any{"id": service, "type": "service_reference"}},
		"sequence_number": len(s.Of(path)) + 1,
	})
}

// Of are the things of a list, in the order of their creation.
func (s *Store) Of(path string) []answer.Object { return s.shelves[path] }

// Gone forgets what belongs to something that was deleted, and its tags.
func (s *Store) Gone(of, id string) {
	for _, k := range kinds {
		if k.belongs() != "" && k.belongs()+"s" == of {
			delete(s.shelves, k.shelf(id))
		}
	}
	for tag, list := range s.tagged {
		s.tagged[tag] = slices.DeleteFunc(list, func(path string) bool { return path == of+"/"+id })
	}
}

// WithoutContact forgets the rules of a user that use a contact method.
func (s *Store) WithoutContact(user, contact string) {
	for _, name := range []string{"oncall_handoff_notification_rules", "status_update_notification_rules"} {
		path := "/users/" + user + "/" + name
		s.shelves[path] = slices.DeleteFunc(s.shelves[path], func(o answer.Object) bool { return idOf(o["contact_method"]) == contact })
	}
}

func idOf(reference any) string {
	switch o := reference.(type) {
	case map[string]any:
		return text(o, "id")
	case answer.Object:
		return text(o, "id")
	}
	return ""
}
