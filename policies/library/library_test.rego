package dutyward_test

import data.dutyward
import data.dutyward.fixture

acme := fixture.account({
	"now": "2026-11-23T12:00:00Z",
	"users": {"ann@acme.com": {"base_role": "admin"}, "Bob@acme.com": {}, "cat@acme.com": {}},
	"teams": {"Payments": {"ann@acme.com": "manager"}},
	"schedules": {"Primary": ["Bob@acme.com"], "Secondary": ["cat@acme.com"]},
	"escalation_policies": {"Payments": [["Primary"], ["ann@acme.com"]]},
	"services": {"Checkout": "Payments"},
})

test_now_is_the_evaluations_time if {
	dutyward.now == time.parse_rfc3339_ns("2026-11-23T12:00:00Z") with input as acme
}

test_a_user_is_found_by_email_in_any_case if {
	dutyward.user("BOB@acme.com").id == "Bob@acme.com" with input as acme
}

test_a_user_is_found_by_id if {
	dutyward.user("P1").email == "x@acme.com" with input as {"users": {"P1": {"email": "x@acme.com"}}}
	dutyward.user("#P1").email == "x@acme.com" with input as {"users": {"P1": {"email": "x@acme.com"}}}
}

test_nobody_is_undefined if {
	not dutyward.user("nobody@acme.com") with input as acme
}

test_a_team_is_found_by_name_and_by_id if {
	dutyward.team("Payments").members == {"ann@acme.com": "manager"} with input as acme
	dutyward.team("#Payments").name == "Payments" with input as acme
	not dutyward.team("payments") with input as acme
}

test_a_window_is_half_open[note] if {
	some note, tc in {
		"open at both ends": {"from": null, "until": null, "want": true},
		"begins now": {"from": "2026-11-23T12:00:00Z", "until": null, "want": true},
		"begins in another zone": {"from": "2026-11-23T13:00:00+01:00", "until": null, "want": true},
		"ends now": {"from": null, "until": "2026-11-23T12:00:00Z", "want": false},
		"begins later": {"from": "2026-11-23T12:00:01Z", "until": null, "want": false},
		"ends long after OPA's last year": {"from": null, "until": "9999-12-31T23:59:59Z", "want": true},
		"ends in the year after OPA's last": {"from": null, "until": "2263-02-28T00:00:00+01:00", "want": true},
		"begins in the last year": {"from": "9999-01-01T00:00:00Z", "until": null, "want": false},
		"began in the first year": {"from": "0001-01-01T00:00:00Z", "until": null, "want": true},
		"ended long ago": {"from": null, "until": "0099-02-28T00:00:00Z", "want": false},
		"begins now on a wall clock": {"from": "2026-11-23 13:00 Europe/Berlin", "until": null, "want": true},
		"begins a second later on a wall clock": {"from": "2026-11-23 13:00:01 Europe/Berlin", "until": null, "want": false},
		"ends now on a wall clock": {"from": null, "until": "2026-11-23 04:00 America/Los_Angeles", "want": false},
		"ends in the last year on a wall clock": {"from": null, "until": "9999-06-30 23:59 Europe/Berlin", "want": true},
		"ends on a leap day": {"from": null, "until": "9996-02-29T00:00:00Z", "want": true},
	}
	got := [true | dutyward.within(tc.from, tc.until)] with input as acme
	got == [true | tc.want == true]
}

test_far_times_count_as_near_ones_do if {
	every t in ["1999-12-31T23:59:59Z", "2000-02-29T00:00:00+02:00", "2261-06-01T12:00:00.5Z"] {
		dutyward._far(t) == time.parse_rfc3339_ns(t)
	}
	dutyward._nanoseconds("2262-04-12T00:00:00Z") - dutyward._nanoseconds("2261-04-12T00:00:00Z") == (365 * 86400) * 1000000000
	dutyward._nanoseconds("9999-12-31T23:59:59Z") == 253402300799000000000
	dutyward._nanoseconds("0001-01-01T00:00:00Z") == -62135596800000000000
}

test_a_local_time_is_one_moment if {
	every local, utc in {
		"2026-03-29 01:59 Europe/Berlin": "2026-03-29T00:59:00Z",
		"2026-03-29 03:00 Europe/Berlin": "2026-03-29T01:00:00Z",
		"2026-10-25 01:59 Europe/Berlin": "2026-10-24T23:59:00Z",
		"2026-10-25 03:00 Europe/Berlin": "2026-10-25T02:00:00Z",
		"2026-07-01 09:00 UTC": "2026-07-01T09:00:00Z",
		"2026-07-01 09:00:30 Asia/Kolkata": "2026-07-01T03:30:30Z",
		"2011-12-31 12:00 Pacific/Apia": "2011-12-30T22:00:00Z",
	} {
		dutyward._nanoseconds(local) == time.parse_rfc3339_ns(utc)
	}
}

test_local_time_knows_the_zone if {
	l := dutyward.local("Europe/Berlin") with input as acme
	l.date == "2026-11-23"
	l.time == "13:00:00"
	l.weekday == "Monday"
}

test_on_call_at_is_half_open if {
	dutyward.on_call_at("Primary", "2026-11-23T12:00:00Z") == {"Bob@acme.com"} with input as acme
	dutyward.on_call_at("Primary", "2026-11-22T12:00:00Z") == {"Bob@acme.com"} with input as acme
	dutyward.on_call_at("Primary", "2026-11-24T12:00:00Z") == set() with input as acme
	dutyward.on_call_at("Primary", dutyward.now) == {"Bob@acme.com"} with input as acme
}

test_everybody_on_a_layer_takes_turns if {
	dutyward.rotation("Primary") == {"Bob@acme.com"} with input as acme
}

test_an_ended_layer_has_no_turns if {
	ended := fixture.account({"schedules": {"Primary": {"layers": [
		{"id": "L1", "name": "Night", "end": "2026-11-01T00:00:00Z", "users": ["a"]},
		{"id": "L2", "name": "Night", "end": null, "users": ["c", "b"]},
	]}}})
	dutyward.rotation("Primary") == {"b", "c"} with input as ended
	dutyward.layer_members("Primary", "Night") == ["c", "b"] with input as ended
	dutyward.layer_members("Primary", "#L2") == ["c", "b"] with input as ended
	not dutyward.layer_members("Primary", "Day") with input as ended
}

test_events_of_a_shift_based_schedule_are_its_layers if {
	shifts := fixture.account({"schedules": {"Primary": {"kind": "shifts", "rotations": [{"id": "R1", "events": [
		{"id": "E1", "name": "Day", "effective_until": null, "assignment": {"members": ["a", null, "b"]}},
		{"id": "E2", "name": "Old", "effective_until": "2026-11-01T00:00:00Z", "assignment": {"members": ["c"]}},
	]}]}}})
	dutyward.rotation("Primary") == {"a", "b"} with input as shifts
	dutyward.layer_members("Primary", "Day") == ["a", "b"] with input as shifts
}

test_email_alone_wakes_nobody if {
	phone := {"contact_methods": [{"type": "phone_contact_method", "label": ""}], "notification_rules": [{"urgency": "high", "contact": "phone_contact_method", "delay_minutes": 0}]}
	email := {"contact_methods": [{"type": "email_contact_method", "label": ""}], "notification_rules": [{"urgency": "high", "contact": "email_contact_method", "delay_minutes": 0}]}
	people := fixture.account({"users": {"a@acme.com": phone, "b@acme.com": email}})
	dutyward.can_be_paged("a@acme.com") with input as people
	not dutyward.can_be_paged("b@acme.com") with input as people
}

groups := {"team": {"member": {
	{"group": "a", "principal": "group:b"},
	{"group": "b", "principal": "group:c"},
	{"group": "b", "principal": "user:ann@acme.com"},
	{"group": "c", "principal": "oncall:Primary"},
	{"group": "c", "principal": "user:cat@acme.com", "until": "2026-11-01T00:00:00Z"},
	{"group": "e", "principal": "escalation:Payments"},
	{"group": "e1", "principal": "escalation@1:Payments"},
	{"group": "t", "principal": "team:Payments"},
	{"group": "loop", "principal": "group:loop"},
	{"group": "loop", "principal": "rotation:Secondary"},
}}}

test_members_nest[note] if {
	some note, tc in {
		"three deep, without what has ended": {"group": "a", "want": {"ann@acme.com", "Bob@acme.com"}},
		"an escalation policy": {"group": "e", "want": {"ann@acme.com", "Bob@acme.com"}},
		"one level of it": {"group": "e1", "want": {"Bob@acme.com"}},
		"a team": {"group": "t", "want": {"ann@acme.com"}},
		"a group within itself": {"group": "loop", "want": {"cat@acme.com"}},
		"a group of nobody": {"group": "none", "want": set()},
	}
	dutyward.members(groups, tc.group) == tc.want with input as acme
}

asked := {"access": {
	"people": {
		"grant": {
			{"principal": "user:ann@acme.com", "resource": "team:#Payments", "role": "responder"},
			{"principal": "user:cat@acme.com", "resource": "account", "role": "user"},
			{"principal": "user:cat@acme.com", "resource": "team:Payments", "role": "manager", "until": "2026-11-23T12:00:00Z"},
			{"principal": "user:nobody@acme.com", "resource": "account", "role": "user"},
		},
		"limit": {
			{"principal": "user:cat@acme.com", "resource": "team:*", "at_most": "observer", "reason": "new"},
			{"principal": "user:ann@acme.com", "resource": "group:night", "at_most": "none", "reason": "days only"},
		},
	},
	"oncall": {
		"grant": {
			{"principal": "group:payments", "resource": "team:Payments", "role": "manager"},
			{"principal": "group:night", "resource": "account", "role": "limited_user"},
			{"principal": "team:Payments", "resource": "schedule:Primary", "role": "rotation", "layer": "Layer 1"},
		},
		"member": {
			{"group": "payments", "principal": "oncall:Primary"},
			{"group": "payments", "principal": "oncall:Secondary"},
			{"group": "night", "principal": "user:ann@acme.com"},
			{"group": "night", "principal": "group:payments"},
		},
	},
}}

test_desired_is_expanded_united_and_limited if {
	got := dutyward.desired(asked) with input as acme
	got == {
		{"principal": "user:ann@acme.com", "resource": "team:Payments", "role": "responder"},
		{"principal": "user:Bob@acme.com", "resource": "team:Payments", "role": "manager"},
		{"principal": "user:cat@acme.com", "resource": "team:Payments", "role": "observer"},
		{"principal": "user:cat@acme.com", "resource": "account", "role": "user"},
		{"principal": "user:Bob@acme.com", "resource": "account", "role": "limited_user"},
		{"principal": "user:ann@acme.com", "resource": "schedule:Primary", "role": "rotation", "layer": "Layer 1"},
	}
}

test_desired_may_be_asked_of_some_packages if {
	got := dutyward.desired([asked.access.people]) with input as acme
	got == {
		{"principal": "user:ann@acme.com", "resource": "team:Payments", "role": "responder"},
		{"principal": "user:cat@acme.com", "resource": "account", "role": "user"},
	}
}

# The schedule Gap has ann from 8 to 16 and bob from 20 to 24 o'clock.
_gap(clock) := object.union(acme, {
	"now": sprintf("2026-11-16T%s:00Z", [clock]),
	"schedules": {"GAP": {"id": "GAP", "name": "Gap", "shifts": [
		{"user": "ann", "start": "2026-11-16T08:00:00Z", "end": "2026-11-16T16:00:00Z"},
		{"user": "bob", "start": "2026-11-16T20:00:00Z", "end": "2026-11-17T00:00:00Z"},
	]}},
	"escalation_policies": {
		"EG": {"id": "EG", "name": "Gap", "rules": [{"targets": [{"type": "schedule", "id": "GAP"}]}]},
		"EC": {"id": "EC", "name": "Covered", "rules": [{"targets": [{"type": "schedule", "id": "GAP"}, {"type": "user", "id": "cy"}]}]},
	},
})

# Where one of its groups keeps somebody, a group is not empty.
test_members_keep_nobody_beside_whom_a_group_in_it_keeps if {
	early := object.union(_gap("18:00"), {"schedules": {"EARLY": {"id": "EARLY", "name": "Early", "shifts": [{"user": "bob", "start": "2026-11-16T08:00:00Z", "end": "2026-11-16T10:00:00Z"}]}}})
	groups := {"member": {
		{"group": "outer", "principal": "oncall:Gap", "when_empty": "keep-last"},
		{"group": "outer", "principal": "group:inner"},
		{"group": "inner", "principal": "oncall:Early", "when_empty": "keep-last"},
	}}
	dutyward.members(groups, "outer") == {"bob"} with input as early
	dutyward.members(groups, "inner") == {"bob"} with input as early
}

test_members_keep_the_last_one[note] if {
	some note, tc in {
		"on call": {"clock": "12:00", "fields": {"when_empty": "keep-last"}, "want": {"ann"}},
		"in the gap": {"clock": "18:00", "fields": {"when_empty": "keep-last"}, "want": {"ann"}},
		"in the gap, left empty": {"clock": "18:00", "fields": {"when_empty": "leave-empty"}, "want": set()},
		"in the gap, by default": {"clock": "18:00", "fields": {}, "want": set()},
		"taken over": {"clock": "20:00", "fields": {"when_empty": "keep-last"}, "want": {"bob"}},
		"ahead of a shift": {"clock": "19:30", "fields": {"when_empty": "keep-last", "lead": "1h"}, "want": {"bob"}},
		"after a lag": {"clock": "18:00", "fields": {"when_empty": "keep-last", "lag": "1h"}, "want": {"ann"}},
		"before the first": {"clock": "07:00", "fields": {"when_empty": "keep-last"}, "want": set()},
		"an escalation policy": {"clock": "18:00", "fields": {"when_empty": "keep-last", "principal": "escalation:Gap"}, "want": {"ann"}},
		"left before it held": {"clock": "18:00", "fields": {"when_empty": "keep-last", "from": "2026-11-16T17:00:00Z"}, "want": set()},
		"left since it held": {"clock": "18:00", "fields": {"when_empty": "keep-last", "from": "2026-11-16T15:00:00Z"}, "want": {"ann"}},
		"left in the lag since it held": {"clock": "18:00", "fields": {"when_empty": "keep-last", "lag": "90m", "from": "2026-11-16T17:00:00Z"}, "want": {"ann"}},
		"somebody always on call": {"clock": "18:00", "fields": {"when_empty": "keep-last", "principal": "escalation:Covered"}, "want": {"cy"}},
	}
	groups := {"member": {object.union({"group": "g", "principal": "oncall:Gap"}, tc.fields)}}
	dutyward.members(groups, "g") == tc.want with input as _gap(tc.clock)
}

crisis := fixture.account({
	"users": ["ann@acme.com", "bob@acme.com", "cat@acme.com", "dan@acme.com"],
	"schedules": {"Primary": ["bob@acme.com"]},
	"escalation_policies": {"Payments": [["ann@acme.com"], ["Primary", "cat@acme.com"], ["dan@acme.com"]]},
	"services": {"Ledger": {"status": "critical"}, "Cards": {"status": "warning"}, "Quiet": "Payments", "Off": {"status": "maintenance"}},
})

test_an_incident_is_open_while_triggered_or_acknowledged if {
	{name | some name, _ in crisis.services; dutyward.in_incident(name)} == {"Ledger", "Cards"} with input as crisis
	dutyward.in_incident("#Ledger") with input as crisis
	dutyward.in_incident({"status": "warning"}) with input as crisis
}

test_the_first_levels_are_people_and_schedules[levels] if {
	some levels, want in [set(), {"ann@acme.com"}, {"ann@acme.com", "bob@acme.com", "cat@acme.com"}]
	got := dutyward.first_levels("Payments", levels) with input as crisis
	got == want
}

test_who_takes_turns if {
	dutyward.takes_turns("BOB@acme.com", "Primary") with input as crisis
	not dutyward.takes_turns("ann@acme.com", "Primary") with input as crisis
}
