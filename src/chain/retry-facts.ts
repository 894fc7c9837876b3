import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import {
  CauseSchema,
  ErrorChainSchema,
  type Retry,
  RetryAdvice,
  RetrySchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { detailsOf, ownChainBytes } from "./error-chain.js";
import { MAX_READ_BYTES } from "./limits.js";
import { decodeRetryInfo } from "./retry-info.js";
import { scanChain } from "./scan.js";

/**
 * What an error says about a repetition of the call, put together from all who
 * have a say: every cause of the chain, `google.rpc.RetryInfo`, and
 * `grpc-retry-pushback-ms` or `retry-after`. "Do not retry" of one of them counts for all, however
 * deep it stands, since each cause is a reason for those above it.
 */
export interface RetryFacts {
  /** A cause says DO_NOT_RETRY. */
  readonly doNotRetry: boolean;
  /** The peer's pushback says that the call must not be repeated. */
  readonly pushedBack: boolean;
  /** The most attempts that one hop has made; 0 where none says. */
  readonly attempts: number;
  /** The least time to wait, the longest that anybody asks for; 0 where nobody does. */
  readonly delayMs: number;
}

/** What the peer itself says, about the call that it has answered. */
export interface PeerRetryFacts extends RetryFacts {
  /**
   * The nearest cause says RETRY. That of a deeper cause is about another call: who
   * is behind it may have changed something before.
   */
  readonly retry: boolean;
  /** The peer says when to come again: by its cause, RetryInfo or pushback. */
  readonly hasDelay: boolean;
}

const NO_RETRY_FACTS: RetryFacts = {
  doNotRetry: false,
  pushedBack: false,
  attempts: 0,
  delayMs: 0,
};

/** The facts of several errors or chains, as those of one. */
export function combineRetryFacts(all: readonly RetryFacts[]): RetryFacts {
  return all.reduce(bothRetryFacts, NO_RETRY_FACTS);
}

/** The facts of two, as those of one. */
export function bothRetryFacts(a: RetryFacts, b: RetryFacts): RetryFacts {
  if (a === NO_RETRY_FACTS || b === NO_RETRY_FACTS) {
    return a === NO_RETRY_FACTS ? b : a; // as mostly
  }
  return {
    doNotRetry: a.doNotRetry || b.doNotRetry,
    pushedBack: a.pushedBack || b.pushedBack,
    attempts: Math.max(a.attempts, b.attempts),
    delayMs: Math.max(a.delayMs, b.delayMs),
  };
}

/** Whether the facts forbid a repetition: somebody says so, or has made one already. */
export function forbidRetry({ doNotRetry, pushedBack, attempts }: RetryFacts): boolean {
  return doNotRetry || pushedBack || attempts > 1;
}

/** The facts of an error, as its caller sees them. */
export function retryFactsOf(error: ConnectError): PeerRetryFacts {
  const retries = retriesOfChain(ownChainBytes(error) ?? new Uint8Array());
  const [nearest] = retries;
  return {
    ...combineRetryFacts([...retries.map(factsOfRetry), retryFactsBesideChain(error)]),
    retry: nearest?.advice === RetryAdvice.RETRY,
    hasDelay:
      nearest?.delay !== undefined ||
      decodeRetryInfo(detailsOf(error)) !== undefined ||
      (readPushback(error.metadata) ?? -1) >= 0,
  };
}

/** What an error says by the means of gRPC and HTTP, which peers of any kind know. */
export function retryFactsBesideChain(error: ConnectError): RetryFacts {
  const pushback = readPushback(error.metadata);
  const delay = decodeRetryInfo(detailsOf(error));
  if (pushback === undefined && delay === undefined) {
    return NO_RETRY_FACTS;
  }
  const delayMs = Math.max(durationMs(delay), pushback ?? 0);
  return { ...NO_RETRY_FACTS, delayMs, pushedBack: pushback !== undefined && pushback < 0 };
}

/** The facts of an encoded chain. */
export function retryFactsOfChain(bytes: Uint8Array): RetryFacts {
  if (scanChain(bytes)?.hasRetry === false) {
    return NO_RETRY_FACTS; // as most chains
  }
  return combineRetryFacts(retriesOfChain(bytes).map(factsOfRetry));
}

/** The facts of one cause. */
export function factsOfRetry(retry: Retry | undefined): RetryFacts {
  if (retry === undefined) {
    return NO_RETRY_FACTS;
  }
  const { advice, attempts, delay } = retry;
  const doNotRetry = advice === RetryAdvice.DO_NOT_RETRY;
  return { ...NO_RETRY_FACTS, doNotRetry, attempts, delayMs: durationMs(delay) };
}

/** A duration in milliseconds; one that is negative counts as 0. */
function durationMs(duration: Pick<Duration, "seconds" | "nanos"> | undefined): number {
  return duration === undefined
    ? 0
    : Math.max(0, Number(duration.seconds) * 1000 + duration.nanos / 1e6);
}

/**
 * The metadata by which a server tells when to come again, in milliseconds; a
 * negative value, or one that is no number, means never. See gRFC A6, "Pushback".
 */
export const PUSHBACK = "grpc-retry-pushback-ms";

/** The words of HTTP for the same, as proxies answer with 429 and 503. See RFC 9110, section 10.2.3. */
export const RETRY_AFTER = "retry-after";

/** When to come again, in milliseconds from now; negative for never, undefined where nobody says. */
export function readPushback(metadata: Headers): number | undefined {
  const value = metadata.get(PUSHBACK);
  if (value === null) {
    return readRetryAfter(metadata);
  }
  return /^\d{1,10}$/.test(value) ? Number(value) : -1;
}

/** What stands there is a number of seconds, or a date. */
function readRetryAfter(metadata: Headers): number | undefined {
  const value = metadata.get(RETRY_AFTER);
  if (value === null) {
    return undefined;
  }
  const delayMs = /^\d{1,7}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs);
}

/**
 * The `retry` field of each cause of an encoded chain, nearest first. The causes
 * are not decoded: a hop passes them on as bytes. Never throws; of bytes that are
 * damaged, what comes before the damage counts.
 */
function retriesOfChain(bytes: Uint8Array): (Retry | undefined)[] {
  const retries: (Retry | undefined)[] = [];
  for (const cause of fieldsOf(bytes.subarray(0, MAX_READ_BYTES), CAUSES)) {
    let retry: Retry | undefined;
    for (const field of fieldsOf(cause, RETRY)) {
      try {
        retry = fromBinary(RetrySchema, field);
      } catch {
        // It says nothing that can be read.
      }
    }
    retries.push(retry);
  }
  return retries;
}

const CAUSES = ErrorChainSchema.field.causes.number;
const RETRY = CauseSchema.field.retry.number;

/** The values of a field that has a length, in the order of the bytes. */
function fieldsOf(bytes: Uint8Array, number: number): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const values: Uint8Array[] = [];
  try {
    while (reader.pos < reader.len) {
      const [fieldNo, wireType] = reader.tag();
      if (fieldNo === number && wireType === WireType.LengthDelimited) {
        values.push(reader.bytes());
      } else {
        reader.skip(wireType, fieldNo);
      }
    }
  } catch {
    // The rest of the bytes makes no sense.
  }
  return values;
}
