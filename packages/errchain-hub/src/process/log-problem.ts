const QUIET_MS = 10_000;

const saidAt = new Map<string, number>();

/** Writes a line to stderr; the same line at most every ten seconds. */
export function logProblem(message: string): void {
  const now = Date.now();
  if (now - (saidAt.get(message) ?? 0) < QUIET_MS) {
    return;
  }
  if (saidAt.size > 1000) {
    saidAt.clear();
  }
  saidAt.set(message, now);
  console.error(`${new Date(now).toISOString()} errchain-hub: ${message}`);
}
