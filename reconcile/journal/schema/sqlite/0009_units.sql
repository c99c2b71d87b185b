-- One intent a unit of work: a role, an override, or all that changes of the turns on
-- one schedule; with the changes that it makes, each with what became of it. Out of
-- edits and of intents of one change each. Edits keep their numbers, by which alarms
-- are known.
DROP INDEX intents_by_pair;
DROP INDEX intents_by_round;
ALTER TABLE intents RENAME TO old_intents;
ALTER TABLE raised RENAME TO old_raised;

CREATE TABLE intents (
	intent  INTEGER PRIMARY KEY AUTOINCREMENT,
	round   INTEGER NOT NULL REFERENCES rounds (round),
	kind    TEXT NOT NULL,
	at      TEXT NOT NULL,
	-- Of several steps: when one was last about to be sent, how far it came, and when
	-- and why that was recorded. Null of what is written at once.
	touched TEXT,
	status  TEXT,
	settled TEXT,
	why     TEXT,
	-- The alarm about one that could not be brought to a good end: what it said, since
	-- when, and when it was right again.
	alarm   TEXT,
	alarmed TEXT,
	ended   TEXT,
	-- What its kind needs to bring it to an end; null where the changes say it all.
	payload TEXT
) STRICT;
CREATE INDEX intents_by_round ON intents (round);
CREATE INDEX intents_by_status ON intents (status, settled) WHERE payload IS NOT NULL;
CREATE INDEX intents_alarmed ON intents (intent) WHERE alarmed IS NOT NULL;

CREATE TABLE changes (
	change   INTEGER PRIMARY KEY AUTOINCREMENT,
	intent   INTEGER NOT NULL REFERENCES intents (intent),
	key      TEXT NOT NULL,
	user     TEXT NOT NULL,
	resource TEXT NOT NULL,
	layer    TEXT NOT NULL,
	before   TEXT NOT NULL,
	after    TEXT NOT NULL,
	effect   TEXT NOT NULL,
	cause    TEXT NOT NULL,
	-- What became of it; open means that this is not known yet.
	settled  TEXT,
	status   TEXT NOT NULL,
	wrote    INTEGER NOT NULL CHECK (wrote IN (0, 1)),
	open     INTEGER NOT NULL CHECK (open IN (0, 1)),
	found    TEXT NOT NULL,
	why      TEXT NOT NULL,
	whole    TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_intent ON changes (intent);
CREATE INDEX changes_by_pair ON changes (user, resource, layer);
CREATE INDEX changes_by_time ON changes (wrote, settled);
CREATE INDEX changes_open ON changes (intent) WHERE open = 1;

CREATE TABLE raised (
	user     TEXT NOT NULL,
	resource TEXT NOT NULL,
	layer    TEXT NOT NULL,
	before   TEXT NOT NULL,
	change   INTEGER NOT NULL REFERENCES changes (change),
	PRIMARY KEY (user, resource, layer)
) STRICT;

INSERT INTO intents (intent, round, kind, at, touched, status, settled, why, alarm, alarmed, ended, payload)
SELECT edit, round, 'rotation', at, touched, status, settled, why, alarm, alarmed, ended, json_remove(work, '$.changes')
FROM edits ORDER BY edit;

-- The unit of each change: the edit that makes it, or one of its own, numbered after
-- all edits there ever were.
ALTER TABLE old_intents ADD COLUMN unit INTEGER;
UPDATE old_intents SET unit = coalesce(
	CASE change ->> '$.kind' WHEN 'rotation' THEN
		(SELECT edit FROM edits WHERE edits.round = old_intents.round AND 'schedule:#' || schedule = resource ORDER BY edit DESC LIMIT 1)
	END,
	intent + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'edits'), 0));

INSERT INTO intents (intent, round, kind, at)
SELECT unit, round, coalesce(change ->> '$.kind', ''), at FROM old_intents
WHERE unit NOT IN (SELECT intent FROM intents) ORDER BY unit;

INSERT INTO changes (change, intent, key, user, resource, layer, before, after, effect, cause, settled, status, wrote, open, found, why, whole)
SELECT o.intent, o.unit, coalesce(o.change ->> '$.id', ''), user, resource, layer, before, after, effect, cause,
	r.at, coalesce(r.status, ''), coalesce(r.wrote, 0), coalesce(r.open, 1), coalesce(r.found, ''), coalesce(r.why, ''), o.change
FROM old_intents o LEFT JOIN results r ON r.intent = o.intent ORDER BY o.intent;

INSERT INTO raised (user, resource, layer, before, change) SELECT user, resource, layer, before, intent FROM old_raised;

DROP TABLE old_raised;
DROP TABLE results;
DROP TABLE old_intents;
DROP TABLE edits;
