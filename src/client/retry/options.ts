import type { RetryBudgetOptions } from "./budget.js";

/** Options of createRetryInterceptor(). */
export interface RetryInterceptorOptions {
  /** How many attempts are made at most, the first one included. Above 5 counts as 5, as in gRFC A6. Default: 4. */
  readonly maxAttempts?: number;
  /** The longest wait before the second attempt; what is waited is random, from 0 on. Default: 50. */
  readonly initialDelayMs?: number;
  /**
   * The longest wait before any attempt. A peer that asks for more gets this much.
   * Half of what a peer asks for may come on top, at random. Default: 2000.
   */
  readonly maxDelayMs?: number;
  /** By how much the longest wait grows with each attempt. Default: 2. */
  readonly multiplier?: number;
  /**
   * How long one attempt may take. One that takes longer is given up and counts as
   * failed; the peer may have done the work all the same, so only a method that may be
   * repeated gets another. Default: until the deadline of the call.
   */
  readonly attemptTimeoutMs?: number;
  /** The least time that an attempt needs: none is made with less left before the deadline. Default: 10. */
  readonly minAttemptMs?: number;
  /**
   * How many retries a peer that fails may cost, for all calls of this interceptor
   * together. Default: that of its fields.
   */
  readonly budget?: RetryBudgetOptions;
  /**
   * Is told of each failed attempt that another one will follow, before the wait. What
   * it throws is ignored. Default: nobody is told.
   */
  readonly onRetry?: (event: RetryEvent) => void;
}

/** A failed attempt that another one will follow. */
export interface RetryEvent {
  /** `route.v1.RouteService/FindRange`. */
  readonly procedure: string;
  /** Which attempt has failed: 1 for the first. */
  readonly attempt: number;
  /** How long the interceptor waits now. */
  readonly delayMs: number;
  /** What the attempt has failed with. */
  readonly error: unknown;
}

/** The options with their defaults. */
export interface RetrySettings
  extends Required<Omit<RetryInterceptorOptions, "budget" | "onRetry">>,
    Required<RetryBudgetOptions> {
  readonly onRetry: RetryInterceptorOptions["onRetry"];
}

/** gRFC A6, "Limits on Retries and Hedges". */
const MAX_ATTEMPTS = 5;

/** About twelve days. Timers take twice as much, which leaves room for the jitter. */
const MAX_MS = 2 ** 30;

/** Throws a TypeError or RangeError that names the option which is wrong. */
export function checkRetryOptions(options: RetryInterceptorOptions): RetrySettings {
  const { maxAttempts = 4, initialDelayMs = 50, maxDelayMs = 2000, multiplier = 2 } = options;
  const {
    attemptTimeoutMs = Number.POSITIVE_INFINITY,
    minAttemptMs = 10,
    budget = {},
    onRetry,
  } = options;
  const { maxTokens = 10, tokenRatio = 0.1 } = budget;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1) {
    throw new RangeError(`maxAttempts must be a whole number from 1 on, not ${maxAttempts}`);
  }
  checkNumber("initialDelayMs", initialDelayMs, 0, MAX_MS);
  checkNumber("maxDelayMs", maxDelayMs, 0, MAX_MS);
  checkNumber("multiplier", multiplier, 1, 1000);
  if (attemptTimeoutMs !== Number.POSITIVE_INFINITY) {
    checkNumber("attemptTimeoutMs", attemptTimeoutMs, 1, MAX_MS);
  }
  checkNumber("minAttemptMs", minAttemptMs, 1, MAX_MS);
  checkNumber("budget.maxTokens", maxTokens, 1, 1_000_000);
  checkNumber("budget.tokenRatio", tokenRatio, 0, maxTokens);
  if (onRetry !== undefined && typeof onRetry !== "function") {
    throw new TypeError("onRetry must be a function");
  }
  return {
    maxAttempts: Math.min(maxAttempts, MAX_ATTEMPTS),
    initialDelayMs,
    maxDelayMs,
    multiplier,
    attemptTimeoutMs,
    minAttemptMs,
    maxTokens,
    tokenRatio,
    onRetry,
  };
}

function checkNumber(name: string, value: number, least: number, most: number): void {
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw new RangeError(`${name} must be a number from ${least} to ${most}, not ${value}`);
  }
}
