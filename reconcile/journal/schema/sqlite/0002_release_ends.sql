-- When a release ended before its time, since the access that it was about is
-- another by now; null as long as it stands.
ALTER TABLE words ADD COLUMN ended TEXT;
