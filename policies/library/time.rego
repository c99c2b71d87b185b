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
#   times, or local ones with the name of their zone ("2026-05-01 09:00
#   Europe/Berlin"), or null for an open end. A time that does not parse, that the
#   clocks of its zone skip or that they show twice, is an error, never silence.
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
_nanoseconds(t) := _near(t) if {
	t >= "1678"
	t < "2262"
} else := _far(t) if {
	is_string(t)
	regex.match(`^[0-9]{4}-`, t)
} else := time.parse_rfc3339_ns(t)

# _far takes a time through the year in which the calendar is the same, as it is
# every 400 years of 146,097 days.
_far(t) := _near(near) + (((year - same) / 400) * 146097) * 86400000000000 if {
	year := to_number(concat("", ["1", substring(t, 0, 4)])) - 10000
	same := 1862 + (((year - 1862) % 400) + 400) % 400
	near := concat("", [sprintf("%d", [same]), substring(t, 4, -1)])
}

# _near is a time of the years that OPA's own function knows.
_near(t) := time.parse_rfc3339_ns(t) if not _local_form(t)

_near(t) := _once(t, _shown(wall, zone)) if {
	_local_form(t)
	[date, clock, zone] := split(t, " ")
	wall := time.parse_rfc3339_ns(concat("", [date, "T", clock, substring(":00", 0, 8 - count(clock)), "Z"]))
}

# _local_form says that a time is what a clock shows, with the name of its zone.
_local_form(t) if {
	contains(t, " ")
	regex.match(`^[0-9-]{10} [0-9]{2}:[0-9]{2}(:[0-9]{2})? [A-Za-z][A-Za-z0-9_+/-]*$`, t)
}

# _shown are the moments at which a clock in a zone shows a time: one, none where it
# is put forward over it, or two where it is put back.
_shown(wall, zone) := {at |
	some around in [-86400000000000, 86400000000000]
	offset := _wall(wall + around, zone) - (wall + around)
	at := wall - offset
	_wall(at, zone) == wall
}

# _wall is what a clock in a zone shows, as if it were UTC.
_wall(at, zone) := time.parse_rfc3339_ns(concat("", [time.format([at, zone, "2006-01-02T15:04:05"]), "Z"]))

_once(_, moments) := at if {
	count(moments) == 1
	some at in moments
}

# A time that is none, or two, fails as one that does not parse.
_once(t, moments) := time.parse_rfc3339_ns(t) if count(moments) != 1

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
