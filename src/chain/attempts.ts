import { create } from "@bufbuild/protobuf";
import { type Cause, RetrySchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { allErrorsBehind } from "./error-chain.js";

/** Why a failed attempt is not repeated. */
export type NoRetry =
  | "do-not-retry"
  | "retried-below"
  | "retried-above"
  | "not-transient"
  | "not-idempotent"
  | "pushed-back"
  | "attempts-used-up"
  | "no-time"
  | "no-budget"
  | "aborted";

/** How createRetryInterceptor() tried a call that failed for good. */
export interface RetryHistory {
  /** How many attempts were made. */
  readonly attempts: number;
  /** What attempts failed with before the error that was thrown, the first one first. */
  readonly earlier: readonly unknown[];
  /** Why there was not another one. */
  readonly stoppedBy: NoRetry;
}

const histories = new WeakMap<object, RetryHistory>();

/** Most processes have none, and then nobody looks for one. */
let hasHistories = false;

/** Remembers with the error of the last attempt how it came to that. */
export function noteHistory(error: object, history: RetryHistory): void {
  histories.set(error, history);
  hasHistories = true;
}

/**
 * How a call was tried before it failed: how many attempts createRetryInterceptor()
 * made, with which errors the earlier ones failed, and why there was not another one.
 *
 * Takes any value that was thrown in this process, and also finds the call behind it,
 * through `cause` (of several, the one with the most attempts). Returns undefined
 * where there is none that went through that interceptor.
 */
export function retryHistory(error: unknown): RetryHistory | undefined {
  let most: RetryHistory | undefined;
  for (const each of hasHistories ? allErrorsBehind(error) : []) {
    const history = typeof each === "object" && each !== null ? histories.get(each) : undefined;
    if (history !== undefined && history.attempts > (most?.attempts ?? 0)) {
      most = history;
    }
  }
  return most;
}

/** Writes into a hop's own cause how many attempts the hop has made. One is not worth a word. */
export function addAttempts(own: Cause, attempts: number): void {
  if (attempts > Math.max(1, own.retry?.attempts ?? 0)) {
    own.retry = create(RetrySchema, { ...own.retry, attempts }); // the old one may be shared
  }
}
