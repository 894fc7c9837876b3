import type { Certainty } from "../trace/hop.js";
import type { HopRecord, ReportedCause } from "../trace/hop-record.js";

/**
 * Where records are kept, and what is asked of them. All times are microseconds
 * since 1970, all ranges include their start and exclude their end.
 *
 * Another database implements this interface: nothing above it knows SQL.
 */
export interface Store {
  /**
   * Stores records. Resolves when they are committed, and only then may they be
   * acknowledged. Records that are stored already are left out.
   *
   * Throws a StoreFullError if there is no room, and a StoreBusyError if too much
   * is waiting already; nothing is stored then.
   */
  append(records: readonly NewRecord[]): Promise<AppendResult>;
  /** The records of a trace, at most MAX_RECORDS_OF_TRACE; empty if there is none. */
  recordsOf(traceId: string): Promise<TraceRecords>;
  searchTraces(query: TraceQuery): Promise<TracePage>;
  topCodes(query: TopQuery): Promise<TopResult>;
  trend(query: TrendQuery): Promise<TrendResult>;
  code(query: CodeQuery): Promise<CodeResult | undefined>;
  stats(): Promise<StoreStats>;
  /** Is told of traces that were added or have changed. Returns how to stop that. */
  watch(listener: (changes: readonly TraceChange[]) => void): () => void;
  /** Resolves when all that was appended so far is in counts and searches. */
  settled(): Promise<void>;
  /** Resolves when the store cannot go on, with the reason. */
  readonly broken: Promise<Error>;
  /** Finishes what is under way. */
  close(): Promise<void>;
}

/** More records of one trace are stored, but not shown. */
export const MAX_RECORDS_OF_TRACE = 1000;

export class StoreFullError extends Error {}
export class StoreBusyError extends Error {}

export interface NewRecord {
  readonly record: HopRecord;
  /** The same for the same record of a trace, a safe integer: see identity.ts. */
  readonly identity: number;
}

export interface AppendResult {
  readonly accepted: number;
  readonly duplicates: number;
}

export interface TraceRecords {
  readonly records: readonly HopRecord[];
  /** Whether there are more. */
  readonly more: boolean;
}

/** Which hops of a trace count: its first fault, its outermost hop, or all. */
export type Role = "root" | "surfaced" | "any";

/** A code as the store knows it. */
export interface StoredCode {
  readonly fullCode: string;
  readonly system: string;
  readonly module: string;
  readonly code: string;
}

/** A trace in short. */
export interface StoredTrace {
  readonly traceId: string;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly root: StoredCode;
  readonly surfaced: StoredCode;
  readonly rootMessage: string;
  readonly rootProvenance: ReportedCause["provenance"];
  readonly surfacedMessage: string;
  readonly certainty: Certainty;
  readonly hopCount: number;
  /** Nearest to the user first. */
  readonly systems: readonly string[];
}

export interface TraceChange {
  readonly trace: StoredTrace;
  /** The codes of all its hops, each once. */
  readonly codes: readonly StoredCode[];
  /** Whether the trace was stored before. */
  readonly changed: boolean;
}

export interface Range {
  readonly startUs: number;
  readonly endUs: number;
}

export interface TraceFilter {
  readonly role: Role;
  /** Empty fields match all. */
  readonly system: string;
  readonly module: string;
  readonly fullCode: string;
  readonly text: string;
}

export interface TraceQuery {
  readonly range: Range;
  readonly filter: TraceFilter;
  readonly limit: number;
  /** From the page before; empty for the first. */
  readonly pageToken: string;
}

export interface TracePage {
  /** Latest first. */
  readonly traces: readonly StoredTrace[];
  /** Empty if there is nothing more. */
  readonly nextPageToken: string;
}

export interface TopQuery {
  readonly range: Range;
  readonly role: Role;
  /** Empty for all. */
  readonly system: string;
  readonly onlyNew: boolean;
  readonly limit: number;
}

export interface CodeCount {
  readonly code: StoredCode;
  readonly count: number;
  readonly countBefore: number;
  readonly firstSeenUs: number;
}

export interface SystemCount {
  readonly system: string;
  readonly count: number;
  readonly codeCount: number;
  /** The most frequent, at most ten. */
  readonly codes: readonly CodeCount[];
}

export interface TopResult {
  readonly codes: readonly CodeCount[];
  readonly systems: readonly SystemCount[];
  readonly total: number;
  readonly totalBefore: number;
  readonly codeCount: number;
  /** What was counted: the query's range in whole minutes, or in whole hours. */
  readonly range: Range;
}

export interface TrendQuery {
  readonly range: Range;
  readonly role: Role;
  /** Empty for all. */
  readonly system: string;
  readonly fullCode: string;
  readonly group: "all" | "system" | "code";
  /** The least length of a step: a multiple of 60. */
  readonly stepSeconds: number;
  readonly limit: number;
}

export interface TrendSeries {
  /** Empty for all, and for what is left over. */
  readonly name: string;
  readonly counts: readonly number[];
  readonly total: number;
}

export interface TrendResult {
  readonly startUs: number;
  readonly stepSeconds: number;
  readonly series: readonly TrendSeries[];
}

export interface CodeQuery {
  readonly fullCode: string;
  readonly range: Range;
}

export interface CodeLink {
  readonly code: StoredCode;
  readonly count: number;
}

export interface CodeResult {
  readonly code: StoredCode;
  readonly firstSeenUs: number;
  readonly lastSeenUs: number;
  readonly rootCount: number;
  readonly surfacedCount: number;
  readonly count: number;
  readonly comesFrom: readonly CodeLink[];
  readonly turnsInto: readonly CodeLink[];
}

export interface StoreStats {
  readonly traceCount: number;
  readonly recordCount: number;
  /** 0 if there is none. */
  readonly oldestTraceUs: number;
  readonly storedBytes: number;
  readonly undigestedCount: number;
}
