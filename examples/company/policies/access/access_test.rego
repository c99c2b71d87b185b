package access_test

import data.access.exceptions
import data.access.oncall
import data.access.people
import data.dutyward
import data.dutyward.fixture

monday := fixture.account({
	"now": "2026-03-16T09:30:00Z",
	"users": {"ann@acme.test", "ben@acme.test", "wanda@acme.test"},
	"schedules": {"Payments Primary": ["ann@acme.test"], "Payments Secondary": ["ben@acme.test"]},
	"escalation_policies": {"SRE": [["wanda@acme.test"]]},
})

test_production_follows_the_shifts if {
	got := dutyward.members([oncall], "production") with input as monday
	got == {"ann@acme.test", "ben@acme.test", "wanda@acme.test"}
}

test_contractors_are_limited_wherever_they_are if {
	some limit in people.limit
	limit.principal == "group:contractors"
	limit.resource == "team:*"
}

test_a_person_without_a_base_role_in_the_roster_gets_none if {
	roster := [{"email": "ann@acme.test", "base_role": "user"}, {"email": "olga@acme.test"}]
	grants := people.grant with data.people as roster
	{g.principal | some g in grants; g.resource == "account"} == {"user:ann@acme.test"}
}

exception := {
	"who": "ann@acme.test", "resource": "team:Search", "role": "observer",
	"from": "2026-03-16T00:00:00Z", "until": "2026-04-01T00:00:00Z",
	"why": "audit", "approved_by": "dan@acme.test",
}

test_an_exception_is_a_grant_with_its_window_and_approver if {
	grants := exceptions.grant with data.exceptions as [exception]
	grants == {{
		"principal": "user:ann@acme.test", "resource": "team:Search", "role": "observer",
		"from": "2026-03-16T00:00:00Z", "until": "2026-04-01T00:00:00Z",
		"reason": "audit (approved by dan@acme.test)", "source": "exceptions.yaml: ann@acme.test",
	}}
}

test_nobody_approves_their_own_exception if {
	grants := exceptions.grant with data.exceptions as [object.union(exception, {"approved_by": "Ann@acme.test"})]
	grants == set()
}

test_every_row_ends_after_it_begins if {
	every row in data.exceptions {
		time.parse_rfc3339_ns(row.from) < time.parse_rfc3339_ns(row.until)
	}
}

test_whoever_was_on_call_last_for_platform_is_kept if {
	gap := json.patch(monday, [{"op": "add", "path": "/schedules/PD", "value": {
		"id": "PD", "name": "Platform Day",
		"shifts": [{"user": "ann@acme.test", "start": "2026-03-16T07:00:00Z", "end": "2026-03-16T09:00:00Z"}],
	}}])
	dutyward.members([oncall], "platform-oncall") == {"ann@acme.test"} with input as gap
}
