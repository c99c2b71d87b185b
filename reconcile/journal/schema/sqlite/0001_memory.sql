-- Times are RFC 3339 in UTC with nine decimals, so that text order is time order.

CREATE TABLE about (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT;

-- The one writer (S29).
CREATE TABLE writer (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	token   TEXT NOT NULL,
	host    TEXT NOT NULL,
	pid     INTEGER NOT NULL,
	command TEXT NOT NULL,
	since   TEXT NOT NULL,
	until   TEXT NOT NULL
) STRICT;

-- What a name first meant, or was confirmed to mean (S11).
CREATE TABLE bindings (
	ref TEXT PRIMARY KEY,
	id  TEXT NOT NULL,
	at  TEXT NOT NULL
) STRICT;

-- What people decided: confirmations of names, releases of held changes.
CREATE TABLE words (
	word    INTEGER PRIMARY KEY,
	kind    TEXT NOT NULL CHECK (kind IN ('confirm', 'release')),
	subject TEXT NOT NULL,
	detail  TEXT NOT NULL,
	reason  TEXT NOT NULL,
	at      TEXT NOT NULL
) STRICT;
CREATE INDEX words_by_time ON words (kind, at);

-- The last good policies.
CREATE TABLE policies (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	revision TEXT NOT NULL,
	source   BLOB NOT NULL,
	at       TEXT NOT NULL
) STRICT;

CREATE TABLE rounds (
	round    INTEGER PRIMARY KEY AUTOINCREMENT,
	began    TEXT NOT NULL,
	finished TEXT,
	plan     TEXT NOT NULL,
	state    TEXT,
	report   TEXT
) STRICT;

CREATE TABLE intents (
	intent   INTEGER PRIMARY KEY AUTOINCREMENT,
	round    INTEGER NOT NULL REFERENCES rounds (round),
	at       TEXT NOT NULL,
	change   TEXT NOT NULL,
	user     TEXT NOT NULL,
	resource TEXT NOT NULL,
	layer    TEXT NOT NULL,
	before   TEXT NOT NULL,
	after    TEXT NOT NULL,
	effect   TEXT NOT NULL,
	cause    TEXT NOT NULL
) STRICT;
CREATE INDEX intents_by_pair ON intents (user, resource, layer);
CREATE INDEX intents_by_round ON intents (round);

-- What became of an intent; open means that this is not known yet.
CREATE TABLE results (
	intent INTEGER PRIMARY KEY REFERENCES intents (intent),
	at     TEXT NOT NULL,
	status TEXT NOT NULL,
	wrote  INTEGER NOT NULL CHECK (wrote IN (0, 1)),
	open   INTEGER NOT NULL CHECK (open IN (0, 1)),
	found  TEXT NOT NULL,
	why    TEXT NOT NULL
) STRICT;
CREATE INDEX results_by_time ON results (wrote, at);

-- What was there before the program raised it, as long as the raise stands
-- (S4, S17).
CREATE TABLE raised (
	user     TEXT NOT NULL,
	resource TEXT NOT NULL,
	layer    TEXT NOT NULL,
	before   TEXT NOT NULL,
	intent   INTEGER NOT NULL REFERENCES intents (intent),
	PRIMARY KEY (user, resource, layer)
) STRICT;
