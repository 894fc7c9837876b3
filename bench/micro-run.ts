import { setImmediate } from "node:timers/promises";
import { getHeapStatistics } from "node:v8";
import { Bench } from "tinybench";
import { alternate } from "./abba.ts";
import type { Effort } from "./network.ts";
import type { Row } from "./result.ts";
import { median } from "./statistics.ts";

/** Work without a network. */
export interface Task extends Omit<Row, "rounds" | "heapBytes"> {
  /** Does the work so many times. */
  readonly run: (times: number) => Promise<void>;
}

/** Measures tasks in turns, in nanoseconds, and what they allocate. */
export async function measureTasks(
  tasks: readonly Task[],
  { rounds, sliceMs, warmUpMs }: Effort,
  progress: (round: number) => void,
): Promise<Row[]> {
  const sized: SizedTask[] = [];
  for (const task of tasks) {
    sized.push({ ...task, batch: batchFor(await medianNs({ ...task, batch: 1 }, warmUpMs / 4)) });
  }
  const measured = await alternate(sized, rounds, (task) => medianNs(task, sliceMs), progress);
  const rows: Row[] = [];
  for (const [index, task] of sized.entries()) {
    const { name, about, base } = task;
    const figures = measured[index]?.map(([a, b]) => ({ ns: (a + b) / 2 })) ?? [];
    rows.push({ name, about, base, rounds: figures, heapBytes: await allocatedBytes(task) });
  }
  return rows;
}

/** A task, and how many times it runs between two looks at the clock. */
interface SizedTask extends Task {
  readonly batch: number;
}

/** Looking at the clock costs as much as the shortest work, so it is done every 0.1 ms. */
function batchFor(ns: number): number {
  return Math.min(Math.max(Math.round(100_000 / ns), 1), 100);
}

async function medianNs({ run, batch }: SizedTask, time: number): Promise<number> {
  await setImmediate(); // for messages to and from the other process
  const bench = new Bench({ time, iterations: 3, warmup: false }).add("it", () => run(batch));
  const [task] = await bench.run();
  if (task === undefined || !("latency" in task.result)) {
    throw new Error("the work has failed");
  }
  return (task.result.latency.p50 * 1e6) / batch;
}

const REPETITIONS = 15;

/**
 * How many bytes of heap one run takes: what the heap has grown by, as long as nothing
 * is collected. The few runs of a repetition stay within the young generation, which
 * micro.ts makes large enough.
 */
async function allocatedBytes({ run, batch }: SizedTask): Promise<number> {
  const { gc } = globalThis;
  if (gc === undefined) {
    throw new Error("start Node.js with --expose-gc");
  }
  const grown: number[] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    gc();
    await setImmediate();
    const before = getHeapStatistics().used_heap_size;
    await run(batch);
    grown.push((getHeapStatistics().used_heap_size - before) / batch);
  }
  return Math.round(median(grown));
}
