# METADATA
# title: Dutyward's library
# description: >-
#   What access policies keep needing, linear in the size of the account. Every
#   function says in its description what it returns and when it is undefined.
package dutyward

# METADATA
# title: The time of this evaluation
# description: >-
#   Nanoseconds since 1970, like time.now_ns(), but of input.now: the same in a
#   replay as it was then. Prefer a grant's from and until to comparing with it.
now := time.parse_rfc3339_ns(input.now)

# METADATA
# title: Whether now lies in a window
# description: >-
#   True from `from` on and before `until`; undefined otherwise. Both are RFC 3339
#   times, or null for an open end. A time that does not parse is an error, never
#   silence.
within(from, until) if {
	_begun(from)
	_lasts(until)
}

_begun(from) if from == null

_begun(from) if {
	from != null
	_nanoseconds(from) <= now
}

_lasts(until) if until == null

_lasts(until) if {
	until != null
	now < _nanoseconds(until)
}

# _nanoseconds is a time in nanoseconds since 1970, in any year of four digits: OPA's
# own function knows none from 2262 on, and 9999 is a common way to say "for good".
_nanoseconds(t) := time.parse_rfc3339_ns(t) if {
	t >= "1678"
	t < "2262"
} else := _far(t) if {
	is_string(t)
	regex.match(`^[0-9]{4}-`, t)
} else := time.parse_rfc3339_ns(t)

# _far takes a time through the year in which the calendar is the same, as it is
# every 400 years of 146,097 days.
_far(t) := time.parse_rfc3339_ns(near) + (((year - same) / 400) * 146097) * 86400000000000 if {
	year := to_number(concat("", ["1", substring(t, 0, 4)])) - 10000
	same := 1862 + (((year - 1862) % 400) + 400) % 400
	near := concat("", [sprintf("%d", [same]), substring(t, 4, -1)])
}

# METADATA
# title: Now on a wall clock
# description: >-
#   An object with date ("2026-11-23"), time ("14:05:00"), weekday ("Monday"),
#   year, month, day, hour, minute and second in an IANA time zone, e.g.
#   "Europe/Berlin". An unknown zone is an error.
local(zone) := {
	"date": sprintf("%04d-%02d-%02d", [year, month, day]),
	"time": sprintf("%02d:%02d:%02d", [hour, minute, second]),
	"weekday": time.weekday([now, zone]),
	"year": year,
	"month": month,
	"day": day,
	"hour": hour,
	"minute": minute,
	"second": second,
} if {
	[year, month, day] := time.date([now, zone])
	[hour, minute, second] := time.clock([now, zone])
}

# _error stops the rule that asked, loudly: what is undefined would read as a
# revoke. The program shows the message without the builtin's own words.
_error(message) := to_number(concat("", ["dutyward: ", message]))
