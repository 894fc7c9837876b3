/** How long to wait before an attempt. */
export interface BackoffSchedule {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly multiplier: number;
}

/**
 * The wait before an attempt, in milliseconds: exponential backoff with full jitter,
 * that is, anything from 0 to a ceiling that grows with each step. Where the peer
 * says when to come again, the wait is at least that (capped), and all whom it told
 * the same are spread over half of it again.
 *
 * See gRFC A6, "Exponential Backoff", and "Exponential Backoff And Jitter" of the AWS
 * Architecture Blog.
 *
 * @param step 1 before the first retry
 * @param peerDelayMs what the peer asks for; 0 where it does not
 * @param random from 0 to 1
 */
export function backoffMs(
  { initialDelayMs, maxDelayMs, multiplier }: BackoffSchedule,
  step: number,
  peerDelayMs: number,
  random: number,
): number {
  const ceiling = Math.min(initialDelayMs * multiplier ** (step - 1), maxDelayMs);
  const least = Math.min(peerDelayMs, maxDelayMs);
  const most = Math.max(ceiling, 1.5 * least);
  return least + random * (most - least);
}
