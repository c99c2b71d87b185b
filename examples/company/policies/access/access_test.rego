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

test_every_exception_ends_and_names_its_approver if {
	row := {"who": "ann@acme.test", "resource": "team:Search", "role": "observer", "until": "2026-04-01T00:00:00Z", "why": "audit", "approved_by": "dan@acme.test"}
	grants := exceptions.grant with data.exceptions as [row]
	some grant in grants
	grant.until == "2026-04-01T00:00:00Z"
	grant.reason == "audit (approved by dan@acme.test)"
}
