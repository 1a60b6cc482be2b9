CREATE TABLE greetings (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sent BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX greetings_unsent ON greetings (id) WHERE NOT sent;
