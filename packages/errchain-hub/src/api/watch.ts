import type { Store, TraceChange, TraceFilter } from "../store/store.js";

/** What a watcher is told; without a trace it is a sign of life. */
export interface Told {
  readonly change: TraceChange | undefined;
  /** How many changes were left out because the watcher reads too slowly. */
  readonly skipped: number;
}

/** So many changes wait for a slow watcher. */
const MAX_QUEUED = 1000;
const SIGN_OF_LIFE_MS = 15_000;

/** Tells of traces that match a filter as they come in, until the signal is aborted. */
export async function* watchTraces(
  store: Store,
  filter: TraceFilter,
  signal: AbortSignal,
): AsyncGenerator<Told> {
  const queue: TraceChange[] = [];
  let skipped = 0;
  let wake = () => {};
  const stop = store.watch((changes) => {
    for (const change of changes) {
      if (!matches(change, filter)) continue;
      if (queue.length < MAX_QUEUED) {
        queue.push(change);
      } else {
        skipped++;
      }
    }
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);
  try {
    yield { change: undefined, skipped: 0 };
    while (!signal.aborted) {
      const change = queue.shift();
      if (change !== undefined) {
        const told = { change, skipped };
        skipped = 0;
        yield told;
        continue;
      }
      const timedOut = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), SIGN_OF_LIFE_MS);
        wake = () => {
          clearTimeout(timer);
          resolve(false);
        };
      });
      if (timedOut) {
        yield { change: undefined, skipped: 0 };
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    stop();
  }
}

function matches({ trace, codes }: TraceChange, filter: TraceFilter): boolean {
  const { role, system, module, fullCode, text } = filter;
  const counted = role === "any" ? codes : [trace[role]];
  const parts = text.toLowerCase();
  return (
    counted.some(
      (code) =>
        (fullCode === "" || code.fullCode === fullCode) &&
        (system === "" || code.system === system) &&
        (module === "" || code.module === module),
    ) &&
    (trace.rootMessage.toLowerCase().includes(parts) ||
      trace.surfacedMessage.toLowerCase().includes(parts) ||
      trace.traceId.toLowerCase().startsWith(parts))
  );
}
