import type { DatabaseSync } from "node:sqlite";

/** Times are stored as numbers that JavaScript holds exactly, see storableUs(). */
const MAX_US = Number.MAX_SAFE_INTEGER;

// A trace's key is a BLOB of 16 bytes for a trace ID of 32 hex digits, and TEXT
// for any other: two types, so that no ID can look like another.
//
// record         what came in; written at once, acknowledged when committed
// trace          what the digest makes of the records of a trace
// trace_code     the codes of a trace that are neither its first fault nor surfaced
// label          the dictionary: codes, systems, and the empty label for all;
//                last_record is the last record with it
// *_count        how often a label occurred; kind and role see counts.ts
// link_count     how often one code led to another, by the hour
// meta           counters, and how far the digest has come
//
// Each format is made from the one before it, the first from an empty database.
const FORMATS = [
  `
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
`,
  `
DROP INDEX label_last;
ALTER TABLE label ADD COLUMN last_record INTEGER NOT NULL DEFAULT 0;
UPDATE label SET last_record = (SELECT coalesce(max(id), 0) FROM record);

INSERT INTO meta SELECT 'minutesFrom',
  (coalesce((SELECT min(at) FROM minute_count), 0) + 59) / 60 * 60;

UPDATE trace SET first_us = min(max(first_us, -${MAX_US}), ${MAX_US}),
  last_us = min(max(last_us, -${MAX_US}), ${MAX_US})
  WHERE abs(first_us) > ${MAX_US} OR abs(last_us) > ${MAX_US};
UPDATE trace_code SET first_us = min(max(first_us, -${MAX_US}), ${MAX_US})
  WHERE abs(first_us) > ${MAX_US};
UPDATE label SET first_us = min(max(first_us, -${MAX_US}), ${MAX_US}),
  last_us = min(max(last_us, -${MAX_US}), ${MAX_US})
  WHERE abs(first_us) > ${MAX_US} OR abs(last_us) > ${MAX_US};
`,
];
const VERSION = FORMATS.length;

/** Makes a new database ready, and brings an old one to the present format. */
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
  }
  if (version < VERSION) {
    const steps = FORMATS.slice(version).join("");
    db.exec(`BEGIN IMMEDIATE; ${steps} PRAGMA user_version = ${VERSION}; COMMIT`);
  }
}
