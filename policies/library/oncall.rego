package dutyward

# METADATA
# title: Who is on call on a schedule at a time
# description: >-
#   The set of user ids that the final schedule shows at t, which is an RFC 3339
#   time, a local one as in within, or nanoseconds. The schedule is given by name,
#   by '#' and id, or as in input.schedules. Undefined if there is no such
#   schedule; a time outside input.account.window is an error, for the snapshot
#   does not know it.
on_call_at(schedule, t) := {shift.user |
	some shift in shifts
	shift.start <= at
	at < shift.end
} if {
	shifts := _schedule(schedule).shifts
	at := _instant(t)
}

# METADATA
# title: Everyone who takes turns on a schedule
# description: >-
#   The set of user ids on the layers that have not ended or, on a shift-based
#   schedule, on the events that are active or to come. The schedule is given as
#   in on_call_at.
rotation(schedule) := on_layers | on_events if {
	s := _schedule(schedule)
	on_layers := {user |
		some layer in s.layers
		_lasts(layer.end)
		some user in layer.users
	}
	on_events := {user |
		some event in s.rotations[_].events
		_lasts(event.effective_until)
		some user in event.assignment.members
		user != null
	}
}

# METADATA
# title: The people of one layer, in turn
# description: >-
#   The array of user ids of the layer of that name or '#' and id that has not
#   ended; on a shift-based schedule, of the event. Undefined if there is none;
#   an error if several have the name.
layer_members(schedule, layer) := members if {
	found := _turns(_schedule(schedule), layer)
	count(found) == 1
	members := found[0]
}

layer_members(schedule, layer) := _error(sprintf("%d layers are called %q: name the one you mean by id", [count(found), layer])) if {
	found := _turns(_schedule(schedule), layer)
	count(found) > 1
}

_turns(s, name) := array.concat(
	[layer.users |
		some layer in s.layers
		_lasts(layer.end)
		_called(layer, name)
	],
	[members |
		some event in s.rotations[_].events
		_lasts(event.effective_until)
		_called(event, name)
		members := [user | some user in event.assignment.members; user != null]
	],
)

_called(thing, name) if {
	not startswith(name, "#")
	thing.name == name
}

_called(thing, name) if name == concat("", ["#", thing.id])

_schedule(s) := s if is_object(s)

_schedule(key) := schedule(key) if is_string(key)

# _instant is a time in the snapshot's own form, in which order is that of time.
_instant(t) := at if {
	at := _rfc3339(t)
	input.account.window.since <= at
	at < input.account.window.until
}

_instant(t) := _error(sprintf("%s lies outside the snapshot's window, %s to %s", [
	at, input.account.window.since, input.account.window.until,
])) if {
	at := _rfc3339(t)
	not _in_window(at)
}

_in_window(at) if {
	input.account.window.since <= at
	at < input.account.window.until
}

_rfc3339(t) := time.format([_ns(t), "UTC", "RFC3339"])

_ns(t) := t if is_number(t)

_ns(t) := _nanoseconds(t) if not is_number(t)
