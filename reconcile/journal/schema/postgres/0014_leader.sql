-- How often the lock was taken: of two holders the one with the lower number has lost it.
ALTER TABLE writer ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;

-- The instance that makes the rounds.
CREATE TABLE leader (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	token   TEXT NOT NULL,
	host    TEXT NOT NULL,
	pid     BIGINT NOT NULL,
	command TEXT NOT NULL,
	since   TEXT COLLATE "C" NOT NULL,
	until   TEXT COLLATE "C" NOT NULL,
	fence   BIGINT NOT NULL
);
