-- Edits of schedules' turns, written in several steps. Open ones are completed
-- by the next run.
CREATE TABLE edits (
	edit     INTEGER PRIMARY KEY AUTOINCREMENT,
	round    INTEGER NOT NULL REFERENCES rounds (round),
	at       TEXT NOT NULL,
	schedule TEXT NOT NULL,
	work     TEXT NOT NULL,
	status   TEXT,
	settled  TEXT,
	why      TEXT
) STRICT;
CREATE INDEX edits_by_time ON edits (status, settled);

-- Overrides and custom shifts that the program made: only these does it ever
-- take back (S24).
CREATE TABLE standins (
	schedule TEXT NOT NULL,
	kind     TEXT NOT NULL,
	id       TEXT NOT NULL,
	user     TEXT NOT NULL,
	begins   TEXT NOT NULL,
	ends     TEXT NOT NULL,
	replaces TEXT NOT NULL,
	rotation TEXT NOT NULL,
	at       TEXT NOT NULL,
	gone     INTEGER NOT NULL CHECK (gone IN (0, 1)),
	PRIMARY KEY (schedule, kind, id)
) STRICT;
