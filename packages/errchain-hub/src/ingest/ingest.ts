import type { ExportLogsServiceRequest } from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { takeApart } from "../otlp/take-apart.js";
import { type Store, StoreBusyError, StoreFullError } from "../store/store.js";

/** What has come in since the start, in records. */
export interface IngestCounts {
  readonly accepted: number;
  readonly duplicates: number;
  readonly ignored: number;
  readonly rejected: number;
  readonly turnedAway: number;
}

/** What became of a request that was taken. */
export interface IngestResult {
  /** How many records are bad for good. */
  readonly rejected: number;
  /** Why, for the first of them. */
  readonly problem: string;
}

/** The way into the store for everything that arrives as OTLP. */
export interface Ingest {
  /**
   * Resolves when all good records of a request are committed. Throws an
   * UnavailableError if the sender should come again; what had been stored by
   * then is recognised when it does. `unread` are records that could not even be
   * decoded.
   */
  take(request: ExportLogsServiceRequest, unread?: IngestResult): Promise<IngestResult>;
  readonly counts: IngestCounts;
}

/** The hub cannot take anything at the moment. */
export class UnavailableError extends Error {
  /** When to come again. */
  readonly retryAfterSeconds: number;
  /** Whether there is too much to do, or something is wrong. */
  readonly isOverload: boolean;

  constructor(message: string, retryAfterSeconds: number, isOverload: boolean) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
    this.isOverload = isOverload;
  }
}

/** A large request is stored in several transactions, so that nobody waits long. */
const PIECE = 10_000;

export function createIngest(store: Store, onProblem: (message: string) => void): Ingest {
  const counts = { accepted: 0, duplicates: 0, ignored: 0, rejected: 0, turnedAway: 0 };
  return {
    async take(request, unread = { rejected: 0, problem: "" }) {
      const { records, ignored, ...bad } = takeApart(request, Date.now() * 1000);
      const rejected = unread.rejected + bad.rejected;
      let stored = 0;
      try {
        for (; stored < records.length; stored += PIECE) {
          const result = await store.append(records.slice(stored, stored + PIECE));
          counts.accepted += result.accepted;
          counts.duplicates += result.duplicates;
        }
      } catch (err) {
        counts.turnedAway += records.length - stored;
        throw unavailable(err, onProblem);
      }
      counts.ignored += ignored;
      counts.rejected += rejected;
      return { rejected, problem: unread.problem || bad.problem };
    },
    counts,
  };
}

function unavailable(err: unknown, onProblem: (message: string) => void): UnavailableError {
  if (err instanceof StoreBusyError) {
    return new UnavailableError(`${err.message}; come again in a second`, 1, true);
  }
  const message = err instanceof Error ? err.message : String(err);
  const what = err instanceof StoreFullError ? "the disk is full or fails" : "the store has failed";
  onProblem(`records were turned away: ${what} (${message})`);
  return new UnavailableError(what, err instanceof StoreFullError ? 30 : 5, false);
}
