-- Events for receivers, written with what they tell of, and how each delivery stands.
CREATE TABLE outbox (
	seq     INTEGER PRIMARY KEY AUTOINCREMENT,
	id      TEXT NOT NULL UNIQUE,
	at      TEXT NOT NULL,
	code    TEXT NOT NULL,
	subject TEXT NOT NULL,
	-- What is sent, to the byte.
	body    TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_by_time ON outbox (at);

CREATE TABLE deliveries (
	seq      INTEGER NOT NULL REFERENCES outbox (seq),
	receiver TEXT NOT NULL,
	subject  TEXT NOT NULL,
	state    TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
	attempts INTEGER NOT NULL,
	since    TEXT NOT NULL,
	due      TEXT NOT NULL,
	settled  TEXT,
	why      TEXT NOT NULL,
	PRIMARY KEY (receiver, seq)
) STRICT;
CREATE INDEX deliveries_by_event ON deliveries (seq);
CREATE INDEX deliveries_pending ON deliveries (receiver, subject, seq) WHERE state = 'pending';
