-- What was announced and still holds, so that a restart announces nothing anew
-- (S28), in a form of the daemon's.
CREATE TABLE told (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	text BLOB NOT NULL
) STRICT;
