package access_test

import data.access
import data.dutyward
import data.dutyward.fixture

test_whoever_is_on_call_is_in_the_group if {
	account := fixture.account({"users": ["cy@example.com"], "schedules": {"Payments Primary": ["cy@example.com"]}})
	dutyward.members([access], "payments-oncall") == {"cy@example.com"} with input as account
}
