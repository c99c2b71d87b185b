PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE about (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT;
INSERT INTO about VALUES('account','acme');
CREATE TABLE writer (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	token   TEXT NOT NULL,
	host    TEXT NOT NULL,
	pid     INTEGER NOT NULL,
	command TEXT NOT NULL,
	since   TEXT NOT NULL,
	until   TEXT NOT NULL
) STRICT;
CREATE TABLE bindings (
	ref TEXT PRIMARY KEY,
	id  TEXT NOT NULL,
	at  TEXT NOT NULL
) STRICT;
CREATE TABLE words (
	word    INTEGER PRIMARY KEY,
	kind    TEXT NOT NULL CHECK (kind IN ('confirm', 'release')),
	subject TEXT NOT NULL,
	detail  TEXT NOT NULL,
	reason  TEXT NOT NULL,
	at      TEXT NOT NULL
, ended TEXT) STRICT;
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
INSERT INTO rounds VALUES(1,'2026-03-02T10:00:00.000000000Z',NULL,'{"version":1,"account":"acme","now":"2026-03-02T10:00:00Z","taken_at":"2026-03-02T10:00:00Z","expires":"2026-03-09T09:00:00Z","revision":"sha256:2a5d35a9e2f0f08827ed6977385f50e8eb6f864634be219b66745f6009a7d733","policies":[],"changes":[{"id":"schedule/FOLLOW/EWEEK/dan/none/rotation","action":"grant","effect":"raise","cause":"policy","user":"dan","resource":"schedule:#FOLLOW","layer":"EWEEK","before":"none","after":"rotation","reason":"the rules say rotation","by":[{"file":"policies/turns.rego","line":3,"package":"access.turns","root":"policies","title":"","owner":"","source":"","chain":[]}],"limited_by":[],"requires":[],"until":null,"drifted":"","override":null}],"edits":[{"schedule":"schedule:#FOLLOW","changes":["schedule/FOLLOW/EWEEK/dan/none/rotation"],"parts":[{"part":"EWEEK","name":"Week","successor":true,"effective":"2026-03-09T09:00:00Z","before":["bob","cat","ann"],"after":["bob","cat","ann","dan"]}],"effective":"2026-03-09T09:00:00Z","until":"2026-04-27T10:00:00Z","before":[{"user":"ann","start":"2026-03-02T10:00:00Z","end":"2026-03-09T09:00:00Z"},{"user":"bob","start":"2026-03-09T09:00:00Z","end":"2026-03-16T09:00:00Z"},{"user":"cat","start":"2026-03-16T09:00:00Z","end":"2026-03-23T09:00:00Z"},{"user":"ann","start":"2026-03-23T09:00:00Z","end":"2026-03-30T09:00:00Z"},{"user":"bob","start":"2026-03-30T09:00:00Z","end":"2026-04-06T09:00:00Z"},{"user":"cat","start":"2026-04-06T09:00:00Z","end":"2026-04-13T09:00:00Z"},{"user":"ann","start":"2026-04-13T09:00:00Z","end":"2026-04-20T09:00:00Z"},{"user":"bob","start":"2026-04-20T09:00:00Z","end":"2026-04-27T09:00:00Z"},{"user":"cat","start":"2026-04-27T09:00:00Z","end":"2026-04-27T10:00:00Z"}],"after":[{"user":"ann","start":"2026-03-02T10:00:00Z","end":"2026-03-09T09:00:00Z"},{"user":"bob","start":"2026-03-09T09:00:00Z","end":"2026-03-16T09:00:00Z"},{"user":"cat","start":"2026-03-16T09:00:00Z","end":"2026-03-23T09:00:00Z"},{"user":"ann","start":"2026-03-23T09:00:00Z","end":"2026-03-30T09:00:00Z"},{"user":"dan","start":"2026-03-30T09:00:00Z","end":"2026-04-06T09:00:00Z"},{"user":"bob","start":"2026-04-06T09:00:00Z","end":"2026-04-13T09:00:00Z"},{"user":"cat","start":"2026-04-13T09:00:00Z","end":"2026-04-20T09:00:00Z"},{"user":"ann","start":"2026-04-20T09:00:00Z","end":"2026-04-27T09:00:00Z"},{"user":"dan","start":"2026-04-27T09:00:00Z","end":"2026-04-27T10:00:00Z"}],"displaced":[{"user":"bob","part":"EWEEK","since":"2026-03-30T09:00:00Z","why":"a cycle has 4 turns instead of 3: those who join take theirs"},{"user":"cat","part":"EWEEK","since":"2026-04-06T09:00:00Z","why":"a cycle has 4 turns instead of 3: those who join take theirs"},{"user":"ann","part":"EWEEK","since":"2026-04-13T09:00:00Z","why":"a cycle has 4 turns instead of 3: those who join take theirs"}]}],"would_edit":[],"observed":[],"blocked":[],"held":[],"unknown":[],"drift":[],"implied":[],"protected":[],"absent":[],"unassigned":["ann","bob","cat","dan","eve"],"expiring":[],"findings":[],"errors":[],"warnings":[],"notices":[],"suspended":[],"names":{"schedule:#FOLLOW":"schedule:Follow","schedule:#FOLLOW/EWEEK":"event Week","user:#ann":"ann@acme.test","user:#bob":"bob@acme.test","user:#cat":"cat@acme.test","user:#dan":"dan@acme.test","user:#eve":"eve@acme.test"},"summary":{"raise":1,"lower":0,"observed":0,"blocked":0,"held":0,"unknown":0,"drift":0,"protected":0,"findings":0,"waived":0},"digest":""}',NULL,NULL);
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
INSERT INTO intents VALUES(1,1,'2026-03-02T10:00:00.000000000Z','{"id":"schedule/FOLLOW/EWEEK/dan/none/rotation","action":"grant","effect":"raise","cause":"policy","user":"dan","resource":"schedule:#FOLLOW","layer":"EWEEK","before":"none","after":"rotation","reason":"the rules say rotation","by":[{"file":"policies/turns.rego","line":3,"package":"access.turns","root":"policies","title":"","owner":"","source":"","chain":[]}],"limited_by":[],"requires":[],"until":null,"drifted":"","override":null}','dan','schedule:#FOLLOW','EWEEK','none','rotation','raise','policy');
INSERT INTO intents VALUES(2,1,'2026-03-02T10:00:00.000000000Z','{"id":"account/eve/user/admin","action":"role","effect":"raise","cause":"policy","user":"eve","resource":"account","layer":"","before":"user","after":"admin","reason":"the rules say admin","by":[],"limited_by":[],"requires":[],"until":null,"drifted":"","override":null}','eve','account','','user','admin','raise','policy');
CREATE TABLE results (
	intent INTEGER PRIMARY KEY REFERENCES intents (intent),
	at     TEXT NOT NULL,
	status TEXT NOT NULL,
	wrote  INTEGER NOT NULL CHECK (wrote IN (0, 1)),
	open   INTEGER NOT NULL CHECK (open IN (0, 1)),
	found  TEXT NOT NULL,
	why    TEXT NOT NULL
) STRICT;
CREATE TABLE raised (
	user     TEXT NOT NULL,
	resource TEXT NOT NULL,
	layer    TEXT NOT NULL,
	before   TEXT NOT NULL,
	intent   INTEGER NOT NULL REFERENCES intents (intent),
	PRIMARY KEY (user, resource, layer)
) STRICT;
CREATE TABLE told (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	text BLOB NOT NULL
) STRICT;
CREATE TABLE edits (
	edit     INTEGER PRIMARY KEY AUTOINCREMENT,
	round    INTEGER NOT NULL REFERENCES rounds (round),
	at       TEXT NOT NULL,
	schedule TEXT NOT NULL,
	work     TEXT NOT NULL,
	status   TEXT,
	settled  TEXT,
	why      TEXT
, touched TEXT, alarm TEXT, alarmed TEXT, ended TEXT) STRICT;
INSERT INTO edits VALUES(1,1,'2026-03-02T10:00:00.000000000Z','FOLLOW','{"was":{"id":"FOLLOW","name":"Follow","description":"","kind":"shifts","time_zone":"Etc/UTC","teams":[],"escalation_policies":[],"users":["ann","bob","cat"],"layers":[],"rotations":[{"id":"RFOLLOW","events":[{"id":"EWEEK","name":"Week","start":"2026-03-02T09:00:00Z","end":"2026-03-09T09:00:00Z","time_zone":"Etc/UTC","recurrence":["RRULE:FREQ=WEEKLY"],"effective_since":"2026-02-23T09:00:00Z","effective_until":null,"assignment":{"type":"rotating_member_assignment_strategy","members":["ann","bob","cat"],"shifts_per_member":1}}]}],"custom_shifts":[],"overrides":[],"shifts":[{"user":"ann","start":"2026-03-02T09:00:00Z","end":"2026-03-09T09:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}},{"user":"bob","start":"2026-03-09T09:00:00Z","end":"2026-03-16T09:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}},{"user":"cat","start":"2026-03-16T09:00:00Z","end":"2026-03-23T09:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}},{"user":"ann","start":"2026-03-23T09:00:00Z","end":"2026-03-30T09:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}},{"user":"bob","start":"2026-03-30T09:00:00Z","end":"2026-04-06T00:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}}],"coverage":82.44},"steps":[{"does":"end_event","layers":[],"rotation":"RFOLLOW","event":{"id":"EWEEK","name":"Week","start":"2026-03-02T09:00:00Z","end":"2026-03-09T09:00:00Z","time_zone":"Etc/UTC","recurrence":["RRULE:FREQ=WEEKLY"],"effective_since":"2026-02-23T09:00:00Z","effective_until":"2026-03-09T09:00:00Z","assignment":{"type":"rotating_member_assignment_strategy","members":["ann","bob","cat"],"shifts_per_member":1}}},{"does":"create_event","layers":[],"rotation":"RFOLLOW","event":{"id":"","name":"Week","start":"2026-03-09T09:00:00Z","end":"2026-03-16T09:00:00Z","time_zone":"Etc/UTC","recurrence":["RRULE:FREQ=WEEKLY"],"effective_since":"2026-03-09T09:00:00Z","effective_until":null,"assignment":{"type":"rotating_member_assignment_strategy","members":["bob","cat","ann","dan"],"shifts_per_member":1}}}],"after":{"id":"FOLLOW","name":"Follow","description":"","kind":"shifts","time_zone":"Etc/UTC","teams":[],"escalation_policies":[],"users":["ann","bob","cat"],"layers":[],"rotations":[{"id":"RFOLLOW","events":[{"id":"EWEEK","name":"Week","start":"2026-03-02T09:00:00Z","end":"2026-03-09T09:00:00Z","time_zone":"Etc/UTC","recurrence":["RRULE:FREQ=WEEKLY"],"effective_since":"2026-02-23T09:00:00Z","effective_until":"2026-03-09T09:00:00Z","assignment":{"type":"rotating_member_assignment_strategy","members":["ann","bob","cat"],"shifts_per_member":1}},{"id":"","name":"Week","start":"2026-03-09T09:00:00Z","end":"2026-03-16T09:00:00Z","time_zone":"Etc/UTC","recurrence":["RRULE:FREQ=WEEKLY"],"effective_since":"2026-03-09T09:00:00Z","effective_until":null,"assignment":{"type":"rotating_member_assignment_strategy","members":["bob","cat","ann","dan"],"shifts_per_member":1}}]}],"custom_shifts":[],"overrides":[],"shifts":[{"user":"ann","start":"2026-03-02T09:00:00Z","end":"2026-03-09T09:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}},{"user":"bob","start":"2026-03-09T09:00:00Z","end":"2026-03-16T09:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}},{"user":"cat","start":"2026-03-16T09:00:00Z","end":"2026-03-23T09:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}},{"user":"ann","start":"2026-03-23T09:00:00Z","end":"2026-03-30T09:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}},{"user":"bob","start":"2026-03-30T09:00:00Z","end":"2026-04-06T00:00:00Z","origin":{"kind":"rotation","id":"RFOLLOW"}}],"coverage":82.44},"changes":null}',NULL,NULL,NULL,'2026-03-02T10:00:00.000000000Z',NULL,NULL,NULL);
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
CREATE TABLE settled (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	revision TEXT NOT NULL,
	source   BLOB NOT NULL,
	settings BLOB NOT NULL,
	at       TEXT NOT NULL
) STRICT;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('rounds',1);
INSERT INTO sqlite_sequence VALUES('edits',1);
INSERT INTO sqlite_sequence VALUES('intents',2);
CREATE INDEX words_by_time ON words (kind, at);
CREATE INDEX intents_by_pair ON intents (user, resource, layer);
CREATE INDEX intents_by_round ON intents (round);
CREATE INDEX results_by_time ON results (wrote, at);
CREATE INDEX edits_by_time ON edits (status, settled);
CREATE INDEX rounds_by_time ON rounds (began);
CREATE INDEX rounds_with_state ON rounds (round) WHERE state IS NOT NULL;
CREATE INDEX edits_by_round ON edits (round);
CREATE INDEX edits_alarmed ON edits (edit) WHERE alarmed IS NOT NULL;
COMMIT;
PRAGMA application_id = 1148483927; PRAGMA user_version = 7;
