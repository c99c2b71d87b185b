-- Events for receivers, written with what they tell of, and how each delivery stands.
CREATE TABLE outbox (
	seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	id      TEXT NOT NULL UNIQUE,
	at      TEXT COLLATE "C" NOT NULL,
	code    TEXT NOT NULL,
	subject TEXT NOT NULL,
	-- What is sent, to the byte.
	body    TEXT NOT NULL
);
CREATE INDEX outbox_by_time ON outbox (at);

CREATE TABLE deliveries (
	seq      BIGINT NOT NULL REFERENCES outbox (seq),
	receiver TEXT NOT NULL,
	subject  TEXT NOT NULL,
	state    TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
	attempts BIGINT NOT NULL,
	since    TEXT COLLATE "C" NOT NULL,
	due      TEXT COLLATE "C" NOT NULL,
	settled  TEXT COLLATE "C",
	why      TEXT NOT NULL,
	PRIMARY KEY (receiver, seq)
);
CREATE INDEX deliveries_by_event ON deliveries (seq);
CREATE INDEX deliveries_pending ON deliveries (receiver, subject, seq) WHERE state = 'pending';
