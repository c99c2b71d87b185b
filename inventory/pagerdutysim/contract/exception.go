package contract

import (
	"net/http"
	"slices"
	"strings"
)

// Exception excuses, by name and with its reason, traffic that differs from the
// description because the description is off.
type Exception struct {
	Name   string
	Reason string
	// Matches says whether the exception excuses v.
	Matches func(v Violation) bool
	// JudgedAs is "METHOD PATH STATUS", where the form of an undocumented status
	// is documented; empty for an exception about anything else.
	JudgedAs string
}

// v2Error and v3Error are where the two forms of error bodies are documented.
const (
	v2Error = "GET /users 400"
	v3Error = "POST /v3/schedules 400"
)

// Exceptions returns all exceptions.
func Exceptions() []Exception {
	return slices.Concat(statusExceptions(), nullExceptions(), wholeExceptions(), formExceptions())
}

func statusExceptions() []Exception {
	return []Exception{
		{
			Name:     "the list of overrides answers 200",
			Reason:   "only 201 is documented, for a GET",
			JudgedAs: "GET /schedules/{id}/overrides 201",
			Matches:  answered(http.StatusOK, "GET /schedules/{id}/overrides"),
		},
		{
			Name:     "a delete of a v2 override may be refused",
			Reason:   "past overrides can't be removed, says the prose; no 400 is documented",
			JudgedAs: v2Error,
			Matches:  answered(http.StatusBadRequest, "DELETE /schedules/{id}/overrides/{override_id}"),
		},
		{
			Name:     "a v3 schedule may refuse to be read or deleted",
			Reason:   "the v3 read of a layer-based schedule and the delete of a used one answer 400, which is not documented",
			JudgedAs: v3Error,
			Matches:  answered(http.StatusBadRequest, "GET /v3/schedules/{id}", "DELETE /v3/schedules/{id}"),
		},
		{
			Name:     "a delete of a v3 event or override may be refused",
			Reason:   "what is over can't be deleted; no 400 is documented",
			JudgedAs: v3Error,
			Matches: answered(http.StatusBadRequest, "DELETE /v3/schedules/{id}/overrides/{override_id}",
				"DELETE /v3/schedules/{id}/rotations/{rotation_id}/events/{event_id}"),
		},
		{
			Name:     "a delete of a user, team or policy may be refused",
			Reason:   "what is in use can't be deleted (PagerDuty's Terraform provider, issues 358 and 709); no 400 is documented",
			JudgedAs: v2Error,
			Matches:  answered(http.StatusBadRequest, "DELETE /users/{id}", "DELETE /teams/{id}", "DELETE /escalation_policies/{id}"),
		},
	}
}

func nullExceptions() []Exception {
	return []Exception{
		{
			Name:    "a layer without an end has end null",
			Reason:  "the prose of ScheduleLayer says null; the schema is not nullable",
			Matches: isNull("/schedule_layers/*/end"),
		},
		{
			Name:    "coverage without bounds is null",
			Reason:  "the prose says that it returns null unless since or until are set; the schema is not nullable",
			Matches: isNull("/rendered_coverage_percentage"),
		},
		{
			Name:   "alerts that are not grouped are grouped by null",
			Reason: "PagerDuty's Terraform provider (resource_pagerduty_service.go) reads null; the schema is not nullable",
			Matches: func(v Violation) bool {
				return strings.HasSuffix(v.Pointer, "/alert_grouping") || isNull("/alert_grouping_timeout")(v)
			},
		},
		{
			Name:   "the description of a schedule may be null",
			Reason: "PagerDuty's developer documentation creates schedules with description null",
			Matches: func(v Violation) bool {
				return isNull("/schedule/description")(v) || isNull("/schedules/*/description")(v)
			},
		},
		{
			Name:   "a person whom a policy names has neither schedule nor bounds",
			Reason: "the prose of Oncall says that start and end are null then; none of the three is nullable in the schema",
			Matches: func(v Violation) bool {
				return v.Operation == "GET /oncalls" &&
					(isNull("/schedule")(v) || isNull("/start")(v) || isNull("/end")(v))
			},
		},
	}
}

// wholeExceptions are about what stands whole where include[] asks for it.
func wholeExceptions() []Exception {
	return []Exception{
		{
			Name:   "included models are whole",
			Reason: "include[] is for models in place of references; the schemas know references only",
			Matches: func(v Violation) bool {
				return v.Direction == Response && slices.Contains(including, v.Operation) &&
					strings.HasSuffix(v.Pointer, "/type") && strings.Contains(v.Reason, `_reference"`)
			},
		},
		{
			Name:   "an included service is whole within an incident",
			Reason: "the description lets a service stand there, and not with the nulls that services have",
			Matches: func(v Violation) bool {
				return v.Direction == Response && strings.Contains(v.Operation, "/incidents") && strings.HasSuffix(v.Pointer, "/service") &&
					strings.Contains(v.Reason, `"oneOf"`)
			},
		},
		{
			Name:   "an included schedule is whole within an on-call",
			Reason: "the description lets a schedule stand there, and not with the nulls that schedules have",
			Matches: func(v Violation) bool {
				return v.Direction == Response && v.Operation == "GET /oncalls" && strings.HasSuffix(v.Pointer, "/schedule") && strings.Contains(v.Reason, `"oneOf"`)
			},
		},
	}
}

func formExceptions() []Exception {
	return []Exception{
		{
			Name:    "read-only properties are sent",
			Reason:  "the id of a reference is declared read-only, and required; clients send whole objects back",
			Matches: func(v Violation) bool { return v.Direction == Request && v.readOnly() },
		},
		{
			Name:   "editable overrides are ids",
			Reason: "the prose of the parameter editable says that only the id is given; the schema requires the rest",
			Matches: func(v Violation) bool {
				return v.Operation == "GET /schedules/{id}/overrides" && v.Direction == Response && strings.HasSuffix(v.Reason, "is missing")
			},
		},
		{
			Name:   "a single override is answered as one",
			Reason: "the deprecated form, which go-pagerduty speaks (CreateOverrideWithContext); only the list is documented",
			Matches: func(v Violation) bool {
				return v.Operation == "POST /schedules/{id}/overrides" && v.Direction == Response &&
					v.Pointer == "" && strings.Contains(v.Reason, "must be an array")
			},
		},
		{
			Name: "a notification rule names its contact method's own type",
			Reason: "PagerDuty's Terraform provider (resource_pagerduty_user_notification_rule.go) sends email_contact_method and has to " +
				"read that back; the schema knows email_contact_method_reference",
			Matches: func(v Violation) bool {
				return strings.Contains(v.Operation, " /users") && strings.HasSuffix(v.Pointer, "/contact_method/type")
			},
		},
		{
			Name: "an assignment strategy is an object",
			Reason: "PagerDuty's Terraform provider (resource_pagerduty_escalation_policy.go) sends and reads {type}; the schema " +
				"knows the type alone",
			Matches: func(v Violation) bool { return strings.HasSuffix(v.Pointer, "/escalation_rule_assignment_strategy") },
		},
		{
			Name:    "one vendor is one vendor",
			Reason:  "the schema has an array under the key vendor, the example an object",
			Matches: func(v Violation) bool { return v.Operation == "GET /vendors/{id}" && v.Pointer == "/vendor" },
		},
		{
			Name:    "the details of an incident are text",
			Reason:  "the examples have text (createIncident); the schema an object",
			Matches: func(v Violation) bool { return strings.HasSuffix(v.Pointer, "/body/details") },
		},
		{
			Name: "log entries fit more than one schema, or none",
			Reason: "channels are oneOf schemas without required members, so that each fits several; and the schema of acknowledgements " +
				"allows no type that LogEntry allows",
			Matches: func(v Violation) bool {
				return strings.Contains(v.Operation, "/log_entries") && strings.Contains(v.Reason, `"oneOf"`)
			},
		},
		{
			Name:   "an invalid schedule answers errors as a map",
			Reason: "code 3001 has a map by field (hashicorp/terraform issue 11135); the schema knows an array only",
			Matches: func(v Violation) bool {
				return v.Status == http.StatusBadRequest && v.Pointer == "/error/errors" &&
					strings.Contains(v.Operation, " /schedules")
			},
		},
	}
}

// including are the operations that take include[].
var including = []string{
	"GET /users", "GET /users/{id}", "GET /teams/{id}/members", "GET /escalation_policies",
	"GET /escalation_policies/{id}", "GET /services", "GET /services/{id}", "GET /oncalls",
}

// answered matches an undocumented status of these operations.
func answered(status int, operations ...string) func(Violation) bool {
	return func(v Violation) bool {
		return v.Reason == undocumented && v.Status == status && slices.Contains(operations, v.Operation)
	}
}

// isNull matches a null at a place that ends so.
func isNull(suffix string) func(Violation) bool {
	return func(v Violation) bool { return v.null() && strings.HasSuffix(v.Pointer, suffix) }
}
