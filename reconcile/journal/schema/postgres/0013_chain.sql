-- What was recorded, in its order: each entry has the hash of the one before it and of
-- its own content.
CREATE TABLE entries (
	entry    BIGINT PRIMARY KEY,
	at       TEXT COLLATE "C" NOT NULL,
	kind     TEXT NOT NULL,
	actor    TEXT NOT NULL,
	command  TEXT NOT NULL,
	content  TEXT NOT NULL,
	previous TEXT NOT NULL,
	hash     TEXT NOT NULL
);
