package catalogue

import (
	"strings"
	"time"

	"github.com/dutyward/dutyward/inventory/pagerdutysim/answer"
)

// kind is a kind of thing: where it is found, and what PagerDuty adds to what was
// sent.
type kind struct {
	// path is where the list is, with {id} for what the things belong to.
	path      string
	one, many string
	// variable is what ids are called in paths.
	variable string
	// kept is the type, unless things say their own (typed).
	kept  string
	typed bool
	// name is the member that is the summary.
	name string
	// made is the status that a creation answers.
	made     int
	required []string
	// refers are the members that name other things, by the plain type of those.
	refers map[string]string
	// whole says that lists come without pages.
	whole bool
	// acting says that a creation needs to know who asks.
	acting bool
	// fixed says that things are read and not made.
	fixed bool
	// bare says that things have neither summary nor links.
	bare     bool
	defaults func(now time.Time, actor string) answer.Object
	// refuse says what stands against a thing; before is nil for a new one.
	refuse func(before, after answer.Object, now time.Time) string
	// keep says which of a list a request's query asks for.
	keep func(o answer.Object, query map[string][]string, now time.Time) bool
}

// belongs is the plain type of what the things of a kind belong to, or "".
func (k kind) belongs() string {
	switch {
	case strings.HasPrefix(k.path, "/users/"):
		return "user"
	case strings.HasPrefix(k.path, "/services/"):
		return "service"
	}
	return ""
}

var kinds = []kind{
	{path: "/vendors", one: "vendor", many: "vendors", kept: "vendor", name: "name", fixed: true, keep: queried("name")},
	{path: "/priorities", one: "priority", many: "priorities", kept: "priority", name: "name", fixed: true},
	{path: "/extension_schemas", one: "extension_schema", many: "extension_schemas", kept: "extension_schema", name: "label", fixed: true},
	{path: "/tags", one: "tag", many: "tags", kept: "tag", name: "label", made: 201, required: []string{"label"}, keep: queried("label"), refuse: tagRefusal},
	{path: "/business_services", one: "business_service", many: "business_services", kept: "business_service", name: "name", made: 200,
		required: []string{"name"}, refers: map[string]string{"team": "team"},
		defaults: func(time.Time, string) answer.Object {
			return answer.Object{"description": "", "point_of_contact": "", "team": nil}
		}},
	{path: "/maintenance_windows", one: "maintenance_window", many: "maintenance_windows", kept: "maintenance_window", name: "description", made: 201,
		required: []string{"start_time", "end_time", "services"}, refers: map[string]string{"services": "service", "created_by": "user", "teams": "team"}, acting: true,
		defaults: func(_ time.Time, actor string) answer.Object {
			o := answer.Object{"description": "", "teams": []any{}}
			if actor != "" {
				o["created_by"] = answer.Object{"id": actor, "type": "user_reference"}
			}
			return o
		}, refuse: windowRefusal, keep: keepWindow},
	{path: "/extensions", one: "extension", many: "extensions", kept: "extension", name: "name", made: 201,
		required: []string{"name", "extension_objects", "extension_schema"},
		refers:   map[string]string{"extension_objects": "service", "extension_schema": "extension_schema"},
		defaults: func(time.Time, string) answer.Object {
			return answer.Object{"endpoint_url": "", "config": answer.Object{}, "temporarily_disabled": false}
		}, keep: keepExtension},
	{path: "/services/{id}/integrations", one: "integration", many: "integrations", variable: "integration_id", typed: true,
		kept: "generic_events_api_inbound_integration", name: "name", made: 201, refers: map[string]string{"service": "service", "vendor": "vendor"},
		defaults: func(now time.Time, _ string) answer.Object {
			return answer.Object{"created_at": now.Format(time.RFC3339)}
		}},
	{path: "/users/{id}/oncall_handoff_notification_rules", one: "oncall_handoff_notification_rule", many: "oncall_handoff_notification_rules",
		variable: "oncall_handoff_notification_rule_id", kept: "oncall_handoff_notification_rule", made: 201, bare: true, whole: true,
		required: []string{"handoff_type", "contact_method"}, refers: map[string]string{"contact_method": "contact_method"},
		defaults: func(time.Time, string) answer.Object { return answer.Object{"notify_advance_in_minutes": 0.0} }, refuse: handoffRefusal},
	{path: "/users/{id}/status_update_notification_rules", one: "status_update_notification_rule", many: "status_update_notification_rules",
		variable: "status_update_notification_rule_id", kept: "status_update_notification_rule", made: 201, bare: true, whole: true,
		required: []string{"contact_method"}, refers: map[string]string{"contact_method": "contact_method"}},
	{path: "/webhook_subscriptions", one: "webhook_subscription", many: "webhook_subscriptions", kept: "webhook_subscription", made: 200, bare: true,
		required: []string{"delivery_method", "events", "filter"},
		defaults: func(time.Time, string) answer.Object { return answer.Object{"active": true} }, refuse: subscriptionRefusal, keep: keepSubscription},
}

func text(o answer.Object, name string) string {
	s, _ := o[name].(string)
	return s
}

func queried(name string) func(answer.Object, map[string][]string, time.Time) bool {
	return func(o answer.Object, query map[string][]string, _ time.Time) bool {
		return strings.Contains(strings.ToLower(text(o, name)), strings.ToLower(first(query["query"])))
	}
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// maxLabel is how long a label may be. Source: PagerDuty's API description, Tag.
const maxLabel = 191

func tagRefusal(_, after answer.Object, _ time.Time) string {
	if n := len([]rune(text(after, "label"))); n == 0 || n > maxLabel {
		return "Label must have 1 to 191 characters"
	}
	return ""
}

func handoffRefusal(_, after answer.Object, _ time.Time) string {
	switch text(after, "handoff_type") {
	case "both", "oncall", "offcall":
		return ""
	}
	return "Handoff type must be both, oncall or offcall"
}

func bounds(o answer.Object) (start, end time.Time, ok bool) {
	start, err := time.Parse(time.RFC3339, text(o, "start_time"))
	if err != nil {
		return start, end, false
	}
	end, err = time.Parse(time.RFC3339, text(o, "end_time"))
	return start, end, err == nil
}

func windowRefusal(before, after answer.Object, now time.Time) string {
	start, end, ok := bounds(after)
	switch {
	case !ok:
		return "Start time and end time must be dates and times"
	case !start.Before(end):
		return "End time must be after the start time"
	case before == nil && !end.After(now):
		return "End time must be in the future"
	}
	return ""
}

func keepWindow(o answer.Object, query map[string][]string, now time.Time) bool {
	start, end, ok := bounds(o)
	if !ok || !queried("description")(o, query, now) || !refersToAny(o["services"], query["service_ids[]"]) {
		return false
	}
	switch first(query["filter"]) {
	case "past":
		return !end.After(now)
	case "future":
		return start.After(now)
	case "ongoing":
		return !start.After(now) && end.After(now)
	case "open":
		return end.After(now)
	}
	return true
}

func keepExtension(o answer.Object, query map[string][]string, now time.Time) bool {
	return queried("name")(o, query, now) && refersToAny([]any{o["extension_schema"]}, query["extension_schema_id"]) &&
		refersToAny(o["extension_objects"], query["extension_object_id"])
}

// refersToAny says that one of the references has one of the ids, or that no id is
// asked for.
func refersToAny(references any, ids []string) bool {
	if len(ids) == 0 || ids[0] == "" {
		return true
	}
	list, _ := references.([]any)
	for _, r := range list {
		for _, id := range ids {
			if idOf(r) == id {
				return true
			}
		}
	}
	return false
}

func subscriptionRefusal(_, after answer.Object, _ time.Time) string {
	method, _ := after["delivery_method"].(map[string]any)
	events, _ := after["events"].([]any)
	switch {
	case len(events) == 0:
		return "Events can't be blank"
	case text(method, "type") != "http_delivery_method" || text(method, "url") == "":
		return "Delivery method must be an http_delivery_method with a url"
	}
	return ""
}

func keepSubscription(o answer.Object, query map[string][]string, _ time.Time) bool {
	filter, _ := o["filter"].(map[string]any)
	kind, id := first(query["filter_type"]), first(query["filter_id"])
	return (kind == "" || text(filter, "type") == kind+"_reference") && (id == "" || text(filter, "id") == id)
}
