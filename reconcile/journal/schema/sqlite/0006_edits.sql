-- When a step of an edit was last about to be sent; and the alarm about one that
-- could not be brought to a good end: what it said, since when, and when it was
-- right again.
ALTER TABLE edits ADD COLUMN touched TEXT;
ALTER TABLE edits ADD COLUMN alarm TEXT;
ALTER TABLE edits ADD COLUMN alarmed TEXT;
ALTER TABLE edits ADD COLUMN ended TEXT;
CREATE INDEX edits_alarmed ON edits (edit) WHERE alarmed IS NOT NULL;
