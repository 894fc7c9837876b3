/** A healthy system answers within the margin of a deadline, unless the machine stands still. */
const STALL_MS = 60;
const TICK_MS = 10;

/** Notices when this process got no time to run. */
export interface StallWatch {
  /** Whether it stood still at some time since then, in milliseconds of performance.now(). */
  readonly stalledSince: (timeMs: number) => boolean;
  readonly stop: () => void;
}

export function watchStalls(): StallWatch {
  let lastTickMs = performance.now();
  let lastStallMs = Number.NEGATIVE_INFINITY;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (nowMs - lastTickMs > TICK_MS + STALL_MS) {
      lastStallMs = nowMs;
    }
    lastTickMs = nowMs;
  }, TICK_MS);
  return {
    stalledSince: (timeMs) => lastStallMs >= timeMs || performance.now() - lastTickMs > STALL_MS,
    stop: () => clearInterval(timer),
  };
}
