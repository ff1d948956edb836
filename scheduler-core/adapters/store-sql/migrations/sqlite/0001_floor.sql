-- The tables of the control plane. Instants are milliseconds since the Unix epoch, UTC.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Sources by number, so that rows that name one stay small.
CREATE TABLE sources (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- The current record of every key. All reads but the first are answered from memory.
CREATE TABLE records (
    id             INTEGER PRIMARY KEY,
    source         TEXT NOT NULL,
    tenant         TEXT NOT NULL,
    version        INTEGER NOT NULL,
    global_version INTEGER NOT NULL,
    due_at         INTEGER,
    has_schedule   INTEGER NOT NULL,
    state          TEXT NOT NULL,
    UNIQUE (source, tenant)
) STRICT;

-- Rows lie in the order in which they came, so that a burst of them fills few pages; ids sort by time.
CREATE TABLE runs (
    number   INTEGER PRIMARY KEY,
    source   INTEGER NOT NULL,
    run_id   TEXT NOT NULL,
    record   INTEGER NOT NULL,
    state    TEXT NOT NULL,
    trigger  TEXT NOT NULL,
    finished INTEGER,
    body     TEXT NOT NULL,
    log      TEXT
) STRICT;

CREATE UNIQUE INDEX runs_by_id ON runs (source, run_id);
CREATE INDEX runs_by_record ON runs (record, run_id);
-- What nearly every run is needs no index of its own: the order of ids finds it at once.
CREATE INDEX runs_by_state ON runs (source, state, run_id) WHERE state <> 'succeeded';
CREATE INDEX runs_by_trigger ON runs (source, trigger, run_id) WHERE trigger <> 'schedule';

CREATE TABLE occurrences (
    record INTEGER NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (record, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    number    INTEGER PRIMARY KEY,
    source    INTEGER NOT NULL,
    id        TEXT NOT NULL,
    record    INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    operation TEXT NOT NULL,
    actor     TEXT NOT NULL,
    body      TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX audit_by_id ON audit (source, id);
CREATE INDEX audit_by_record ON audit (record, id);
CREATE INDEX audit_by_seq ON audit (record, seq);
CREATE INDEX audit_by_operation ON audit (source, operation, id);
CREATE INDEX audit_by_actor ON audit (source, actor, id);

CREATE TABLE answers (
    name    TEXT PRIMARY KEY,
    request BLOB NOT NULL,
    status  INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    body    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_by_expiry ON answers (expires);

-- What a sweep touches of every record; the content lies apart so that seeing it again stays cheap.
CREATE TABLE imported (
    record      INTEGER NOT NULL,
    entity      TEXT NOT NULL,
    external_id TEXT NOT NULL,
    modified    INTEGER,
    imported_at INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    gone        INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    body        INTEGER NOT NULL,
    PRIMARY KEY (record, entity, external_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE bodies (
    id   INTEGER PRIMARY KEY,
    data TEXT NOT NULL
) STRICT;

CREATE TABLE connections (
    record INTEGER PRIMARY KEY,
    body   TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
