import type { NoRetry } from "../../chain/attempts.js";
import type { Failure } from "./failure.js";

/** What a retry depends on besides the failure itself. */
export interface RetrySituation {
  /** Which attempt has failed: 1 for the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** The method says that it may be repeated (`idempotency_level`). */
  readonly idempotent: boolean;
  /** The call is made for a request that is a repetition itself. */
  readonly isRetriedAbove: boolean;
  /** How long to wait, and how much time an attempt needs. */
  readonly delayMs: number;
  readonly minAttemptMs: number;
  /** The time until the deadline; Infinity without one. */
  readonly remainingMs: number;
  /** The budget of the peer allows another attempt. */
  readonly budgetAllows: boolean;
}

/**
 * Whether a failed attempt is repeated: undefined if so, else the first rule that
 * forbids it. That our caller has ended the call stands before all of these.
 */
export function whyNoRetry(failure: Failure, situation: RetrySituation): NoRetry | undefined {
  const { facts, unprocessed, transient } = failure;
  const { attempt, maxAttempts, delayMs, minAttemptMs, remainingMs } = situation;
  if (facts.doNotRetry) {
    return "do-not-retry";
  }
  // One hop of a request retries, and no other: else the attempts multiply with each
  // hop (SRE book, "Addressing Cascading Failures", "Retries").
  if (facts.attempts > 1) {
    return "retried-below";
  }
  if (situation.isRetriedAbove) {
    return "retried-above";
  }
  if (!transient) {
    return "not-transient";
  }
  if (!situation.idempotent && !unprocessed && !facts.retry) {
    return "not-idempotent";
  }
  if (facts.pushedBack) {
    return "pushed-back";
  }
  if (attempt >= maxAttempts) {
    return "attempts-used-up";
  }
  if (delayMs + minAttemptMs > remainingMs) {
    return "no-time";
  }
  return situation.budgetAllows ? undefined : "no-budget";
}

/**
 * Whether a failure counts for the budget: what says something about the state of the
 * peer does, and an answer to a wrong request does not. See gRFC A6, "Throttling".
 */
export function countsForBudget({ facts, transient }: Failure): boolean {
  return transient || facts.pushedBack;
}
