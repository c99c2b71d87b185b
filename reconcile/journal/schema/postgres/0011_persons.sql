-- The whole schema, as SQLite has it by that number. Times are RFC 3339 in UTC with nine
-- decimals, so that text order is time order; so that it is, they are compared byte by
-- byte.

CREATE TABLE journal_version (
	one         INTEGER PRIMARY KEY CHECK (one = 1),
	application BIGINT NOT NULL,
	version     BIGINT NOT NULL
);

CREATE TABLE about (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

-- The one writer (S29).
CREATE TABLE writer (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	token   TEXT NOT NULL,
	host    TEXT NOT NULL,
	pid     BIGINT NOT NULL,
	command TEXT NOT NULL,
	since   TEXT COLLATE "C" NOT NULL,
	until   TEXT COLLATE "C" NOT NULL
);

-- What a name first meant, or was confirmed to mean (S11).
CREATE TABLE bindings (
	ref TEXT COLLATE "C" PRIMARY KEY,
	id  TEXT NOT NULL,
	at  TEXT COLLATE "C" NOT NULL
);

-- What people decided: confirmations of names, releases of held changes. A release that
-- ended before its time says when.
CREATE TABLE words (
	word    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	kind    TEXT NOT NULL CHECK (kind IN ('confirm', 'release')),
	subject TEXT COLLATE "C" NOT NULL,
	detail  TEXT NOT NULL,
	reason  TEXT NOT NULL,
	at      TEXT COLLATE "C" NOT NULL,
	ended   TEXT COLLATE "C",
	actor   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX words_by_time ON words (kind, at);
CREATE INDEX words_by_subject ON words (kind, subject);

-- The last good policies.
CREATE TABLE policies (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	revision TEXT NOT NULL,
	source   BYTEA NOT NULL,
	at       TEXT COLLATE "C" NOT NULL
);

-- The policies and settings that held still last (S37).
CREATE TABLE settled (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	revision TEXT NOT NULL,
	source   BYTEA NOT NULL,
	settings BYTEA NOT NULL,
	at       TEXT COLLATE "C" NOT NULL
);

-- What was announced and still holds, in a form of the daemon's (S28).
CREATE TABLE told (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	text BYTEA NOT NULL
);

CREATE TABLE rounds (
	round    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	began    TEXT COLLATE "C" NOT NULL,
	finished TEXT COLLATE "C",
	plan     TEXT NOT NULL,
	state    TEXT,
	report   TEXT,
	actor    TEXT NOT NULL DEFAULT '',
	command  TEXT NOT NULL DEFAULT '',
	reason   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX rounds_by_time ON rounds (began);
CREATE INDEX rounds_with_state ON rounds (round) WHERE state IS NOT NULL;

-- One intent a unit of work, with the changes that it makes.
CREATE TABLE intents (
	intent  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	round   BIGINT NOT NULL REFERENCES rounds (round),
	kind    TEXT NOT NULL,
	at      TEXT COLLATE "C" NOT NULL,
	-- Of several steps: when one was last about to be sent, how far it came, and when
	-- and why that was recorded. Null of what is written at once.
	touched TEXT COLLATE "C",
	status  TEXT,
	settled TEXT COLLATE "C",
	why     TEXT,
	-- The alarm about one that could not be brought to a good end: what it said, since
	-- when, and when it was right again.
	alarm   TEXT,
	alarmed TEXT COLLATE "C",
	ended   TEXT COLLATE "C",
	-- What its kind needs to bring it to an end; null where the changes say it all.
	payload TEXT
);
CREATE INDEX intents_by_round ON intents (round);
CREATE INDEX intents_by_status ON intents (status, settled) WHERE payload IS NOT NULL;
CREATE INDEX intents_alarmed ON intents (intent) WHERE alarmed IS NOT NULL;

CREATE TABLE changes (
	change   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	intent   BIGINT NOT NULL REFERENCES intents (intent),
	key      TEXT COLLATE "C" NOT NULL,
	person   TEXT COLLATE "C" NOT NULL,
	resource TEXT COLLATE "C" NOT NULL,
	layer    TEXT COLLATE "C" NOT NULL,
	before   TEXT NOT NULL,
	after    TEXT NOT NULL,
	effect   TEXT NOT NULL,
	cause    TEXT NOT NULL,
	-- What became of it; open means that this is not known yet.
	settled  TEXT COLLATE "C",
	status   TEXT NOT NULL,
	wrote    BIGINT NOT NULL CHECK (wrote IN (0, 1)),
	open     BIGINT NOT NULL CHECK (open IN (0, 1)),
	found    TEXT NOT NULL,
	why      TEXT NOT NULL,
	whole    TEXT NOT NULL
);
CREATE INDEX changes_by_intent ON changes (intent);
CREATE INDEX changes_by_pair ON changes (person, resource, layer);
CREATE INDEX changes_by_time ON changes (wrote, settled);
CREATE INDEX changes_open ON changes (intent) WHERE open = 1;

-- What was there before the program raised it, as long as the raise stands (S4, S17).
CREATE TABLE raised (
	person   TEXT COLLATE "C" NOT NULL,
	resource TEXT COLLATE "C" NOT NULL,
	layer    TEXT COLLATE "C" NOT NULL,
	before   TEXT NOT NULL,
	change   BIGINT NOT NULL REFERENCES changes (change),
	PRIMARY KEY (person, resource, layer)
);

-- Overrides and custom shifts that the program made: only these does it ever take back
-- (S24).
CREATE TABLE standins (
	schedule TEXT COLLATE "C" NOT NULL,
	kind     TEXT COLLATE "C" NOT NULL,
	id       TEXT COLLATE "C" NOT NULL,
	person   TEXT NOT NULL,
	begins   TEXT COLLATE "C" NOT NULL,
	ends     TEXT COLLATE "C" NOT NULL,
	replaces TEXT NOT NULL,
	rotation TEXT NOT NULL,
	at       TEXT COLLATE "C" NOT NULL,
	gone     BIGINT NOT NULL CHECK (gone IN (0, 1)),
	PRIMARY KEY (schedule, kind, id)
);
