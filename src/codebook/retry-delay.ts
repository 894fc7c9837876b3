import type { Duration } from "@bufbuild/protobuf/wkt";
import { LONGEST_DELAY, LONGEST_DELAY_MS } from "../catalog/retry-delay.js";

/** What is wrong with a retry delay and what to do about it; undefined where all is well. */
export function retryDelayProblem({ seconds, nanos }: Duration): string | undefined {
  if (seconds < 0n || nanos < 0) {
    return "retry_delay is negative; write how long to wait at the least, or take it out";
  }
  if (seconds > LONGEST_DELAY.seconds || nanos > LONGEST_DELAY.nanos) {
    return `retry_delay is more than a Duration holds; write at most ${LONGEST_DELAY.seconds} seconds and ${LONGEST_DELAY.nanos} nanos`;
  }
  return seconds === 0n && nanos < NANOS_PER_MS
    ? `retry_delay is shorter than 1 ms; write {nanos: ${NANOS_PER_MS}} or more, or take it out`
    : undefined;
}

/**
 * A retry delay in whole milliseconds, no shorter than it is written; undefined for one that
 * does not wait. Where its author ignores what is wrong with it, as near as can be.
 */
export function retryDelayMs(delay: Duration | undefined): number | undefined {
  if (delay === undefined) {
    return undefined;
  }
  const ms = Number(delay.seconds) * 1000 + Math.ceil(delay.nanos / NANOS_PER_MS);
  return ms > 0 ? Math.min(ms, LONGEST_DELAY_MS) : undefined;
}

const NANOS_PER_MS = 1_000_000;
