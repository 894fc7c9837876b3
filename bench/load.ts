import type { Figures } from "./result.ts";
import { median } from "./statistics.ts";

/** A short time of steady load. */
export interface Slice {
  readonly calls: number;
  readonly wallMs: number;
  readonly cpuUs: number;
  /** Median time of a call. */
  readonly latencyUs: number;
}

export interface LoadOptions {
  /** Makes a call, and rejects where it did not end as it should. */
  readonly call: () => Promise<void>;
  /** How many calls are under way at any time. */
  readonly concurrency: number;
  readonly sliceMs: number;
  /** CPU time of all processes that take part so far, in microseconds. */
  readonly cpuUs: () => Promise<number>;
}

/** Makes calls, each when another one has ended, until the time is over. */
export async function runSlice(options: LoadOptions): Promise<Slice> {
  const { call, concurrency, sliceMs, cpuUs } = options;
  const latencies: number[] = [];
  const cpuBefore = await cpuUs();
  const start = performance.now();
  const worker = async () => {
    let now = performance.now();
    do {
      const before = now;
      await call();
      now = performance.now();
      latencies.push((now - before) * 1000);
    } while (now - start < sliceMs);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const wallMs = performance.now() - start;
  const cpu = (await cpuUs()) - cpuBefore;
  return { calls: latencies.length, wallMs, cpuUs: cpu, latencyUs: median(latencies) };
}

/** The two slices of a round as one. */
export function figuresOf(slices: readonly [Slice, Slice]): Figures {
  const [a, b] = slices;
  const calls = a.calls + b.calls;
  return {
    latencyUs: (a.latencyUs + b.latencyUs) / 2,
    cpuUs: (a.cpuUs + b.cpuUs) / calls,
    callsPerSecond: (calls * 1000) / (a.wallMs + b.wallMs),
  };
}

/** CPU time of this process so far, in microseconds. */
export function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
