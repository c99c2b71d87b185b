-- What is old and decides nothing any more is found without reading all rounds.
CREATE INDEX rounds_by_time ON rounds (began);
CREATE INDEX rounds_with_state ON rounds (round) WHERE state IS NOT NULL;
CREATE INDEX edits_by_round ON edits (round);
