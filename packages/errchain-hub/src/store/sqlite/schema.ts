import type { DatabaseSync } from "node:sqlite";

const VERSION = 1;

// A trace's key is a BLOB of 16 bytes for a trace ID of 32 hex digits, and TEXT
// for any other: two types, so that no ID can look like another.
//
// record         what came in; written at once, acknowledged when committed
// trace          what the digest makes of the records of a trace
// trace_code     the codes of a trace that are neither its first fault nor surfaced
// label          the dictionary: codes, systems, and the empty label for all
// *_count        how often a label occurred; kind and role see counts.ts
// link_count     how often one code led to another, by the hour
// meta           counters, and how far the digest has come
const SCHEMA = `
CREATE TABLE record (
  id INTEGER PRIMARY KEY,
  trace ANY NOT NULL,
  identity INTEGER NOT NULL,
  code INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX record_identity ON record (trace, identity);

CREATE TABLE trace (
  id INTEGER PRIMARY KEY,
  key ANY NOT NULL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  root INTEGER NOT NULL,
  surfaced INTEGER NOT NULL,
  received_us INTEGER NOT NULL,
  summary TEXT NOT NULL,
  counted TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX trace_key ON trace (key);
CREATE INDEX trace_first ON trace (first_us);
CREATE INDEX trace_root ON trace (root, first_us);
CREATE INDEX trace_surfaced ON trace (surfaced, first_us);

CREATE TABLE trace_code (
  code INTEGER NOT NULL,
  first_us INTEGER NOT NULL,
  trace INTEGER NOT NULL,
  PRIMARY KEY (code, first_us, trace)
) STRICT, WITHOUT ROWID;

CREATE TABLE label (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  text TEXT NOT NULL,
  system TEXT NOT NULL,
  module TEXT NOT NULL,
  code TEXT NOT NULL,
  first_us INTEGER,
  last_us INTEGER
) STRICT;
CREATE UNIQUE INDEX label_text ON label (text, kind);
CREATE INDEX label_system ON label (system, kind);
CREATE INDEX label_last ON label (last_us);

CREATE TABLE minute_count (
  role INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  at INTEGER NOT NULL,
  label INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (role, kind, at, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX minute_label ON minute_count (label, role, at, n);

CREATE TABLE hour_count (
  role INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  at INTEGER NOT NULL,
  label INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (role, kind, at, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX hour_label ON hour_count (label, role, at, n);

CREATE TABLE link_count (
  above INTEGER NOT NULL,
  below INTEGER NOT NULL,
  at INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (above, below, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_below ON link_count (below, at);
CREATE INDEX link_at ON link_count (at);

CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Makes a new database ready, and checks that an old one can be used. */
export function prepareDatabase(db: DatabaseSync): void {
  const { user_version: version } = db.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (version > VERSION) {
    throw new Error(
      `the data was written by a newer errchain-hub (format ${version}, this one knows ${VERSION})`,
    );
  }
  if (version === 0) {
    // Before the first table: lets the file shrink when old traces go.
    db.exec("PRAGMA auto_vacuum = INCREMENTAL");
    db.exec("PRAGMA journal_mode = WAL");
    db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
  }
}
