-- The policies and settings that held still last, so that what an edit newly
-- lowers can wait until it does (S37), also across a restart.
CREATE TABLE settled (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	revision TEXT NOT NULL,
	source   BLOB NOT NULL,
	settings BLOB NOT NULL,
	at       TEXT NOT NULL
) STRICT;
