-- Findings over time: since when each is known, and what became of it.
CREATE TABLE risks (
	id         TEXT PRIMARY KEY,
	rule       TEXT NOT NULL,
	subject    TEXT NOT NULL,
	resource   TEXT NOT NULL,
	severity   TEXT NOT NULL,
	message    TEXT NOT NULL,
	-- Of a pack, which not every round looks for.
	packed     INTEGER NOT NULL CHECK (packed IN (0, 1)),
	-- The keys of the changes after which it should be gone, as a JSON list.
	mends      TEXT NOT NULL,
	first_seen TEXT NOT NULL,
	-- Since when it is open, this time.
	opened     TEXT NOT NULL,
	last_seen  TEXT NOT NULL,
	reopened   INTEGER NOT NULL,
	-- When a round no longer found it, and the change that did that, where one is known.
	gone       TEXT,
	gone_by    TEXT NOT NULL
) STRICT;
CREATE INDEX risks_open ON risks (last_seen) WHERE gone IS NULL;
