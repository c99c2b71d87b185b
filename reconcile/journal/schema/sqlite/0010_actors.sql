-- Who decided, and who let a round be made: the operating system's user, and what
-- ran. Empty where an earlier version did not record it.
ALTER TABLE words ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE rounds ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE rounds ADD COLUMN command TEXT NOT NULL DEFAULT '';
ALTER TABLE rounds ADD COLUMN reason TEXT NOT NULL DEFAULT '';
