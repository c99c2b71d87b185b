-- "user" is a word of its own in PostgreSQL, where the same statements run.
ALTER TABLE changes RENAME COLUMN user TO person;
ALTER TABLE raised RENAME COLUMN user TO person;
ALTER TABLE standins RENAME COLUMN user TO person;
