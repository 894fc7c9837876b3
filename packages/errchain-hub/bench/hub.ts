// Measures a real hub in a process of its own: npm run bench:hub [-- --events 1000000]

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Role, TrendGroup } from "../gen/errchain/hub/v1/hub_pb.js";
import { type HubProcess, settled, spawnHub } from "../test/support/spawn-hub.ts";
import { sendLoad } from "./grpc-load.ts";

const usage = `Usage: npm run bench:hub [-- --events N]

  --events N   how many events the hub holds when it is asked; default: 10000000
  --help       print this`;

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "10000000" },
    help: { type: "boolean", short: "h" },
  },
});
const events = Number(values.events);
if (values.help || !Number.isSafeInteger(events) || events < 1) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

const DAY_MS = 86_400_000;
const unlimited = ["--retention-days=0", "--retention-bytes=0", "--count-days=0"];

console.log(
  `Node.js ${process.version}, ${availableParallelism()} cores, shared with the sender\n`,
);
await coldStart();
await ingest("events");
await ingest("chains");
await manyEvents();

async function coldStart(): Promise<void> {
  await withFolder(async (folder) => {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const started = performance.now();
      const hub = await spawnHub(join(folder, String(i)));
      times.push(performance.now() - started);
      await hub.stop();
    }
    report("cold start to ready", `${Math.round(quantile(times, 0.5))} ms`);
  });
}

async function ingest(load: "events" | "chains"): Promise<void> {
  await withFolder(async (folder) => {
    const hub = await spawnHub(folder, unlimited);
    const common = { ...hub, load, concurrency: 8, spreadMs: 60_000 };
    await sendLoad({ ...common, count: 20_000 }); // warm up
    await settled(hub);
    const before = cpuSeconds(hub);
    const started = performance.now();
    const { records, seconds, bytesPerRecord } = await sendLoad({ ...common, count: 300_000 });
    await settled(hub);
    const all = (performance.now() - started) / 1000;
    const size = `${Math.round(bytesPerRecord)} bytes each`;
    report(`OTLP/gRPC, ${load}, acknowledged after commit`, `${rate(records, seconds)} (${size})`);
    report(`  the same until all is in counts and searches`, rate(records, all));
    const cpu = ((cpuSeconds(hub) - before) / records) * 1e6;
    report("  processor time of the hub, digest included", `${cpu.toFixed(0)} µs a record`);
    report("  memory (RSS)", memory(hub));
    await hub.stop();
  });
}

async function manyEvents(): Promise<void> {
  await withFolder(async (folder) => {
    const hub = await spawnHub(folder, unlimited);
    console.log(`\nloading ${events.toLocaleString("en")} events …`);
    let said = Date.now();
    const started = performance.now();
    const { traceIds, records } = await sendLoad({
      ...{ ...hub, load: "events", count: events, concurrency: 8, spreadMs: DAY_MS },
      onProgress(sent) {
        if (Date.now() - said > 15_000) {
          said = Date.now();
          console.log(`  ${sent.toLocaleString("en")} sent`);
        }
      },
    });
    const sentSeconds = (performance.now() - started) / 1000;
    await settled(hub);
    const seconds = (performance.now() - started) / 1000;
    report("sustained, acknowledged", rate(records, sentSeconds));
    report("sustained, all in counts and searches", rate(records, seconds));
    const { storedBytes, traceCount } = await hub.api.getStatus({});
    const size = `${(Number(storedBytes) / 1e9).toFixed(2)} GB`;
    report("stored", `${size}, ${Math.round(Number(storedBytes) / records)} bytes an event`);
    report("traces", traceCount.toLocaleString("en"));

    const now = Date.now();
    const range = { start: timestampFromMs(now - DAY_MS), end: timestampFromMs(now) };
    await measure("trace lookup", 500, (i) =>
      hub.api.getTrace({ text: traceIds[i % traceIds.length] ?? "" }),
    );
    await measure("overview of a day (top codes, trend, new codes at once)", 20, () =>
      Promise.all([
        hub.api.topCodes({ range, role: Role.ROOT, limit: 20 }),
        hub.api.trend({ range, role: Role.ROOT, group: TrendGroup.SYSTEM }),
        hub.api.topCodes({ range, role: Role.ROOT, onlyNew: true, limit: 20 }),
      ]),
    );
    await measure("code page (trend, links, latest traces)", 20, (i) => {
      const fullCode = `PROMISE_ETA_${20_000 + i}`;
      const filter = { role: Role.ANY, fullCode };
      return Promise.all([
        hub.api.getCode({ fullCode, range }),
        hub.api.trend({ range, role: Role.ANY, fullCode }),
        hub.api.searchTraces({ range, filter, limit: 20 }),
      ]);
    });
    await measure("search for a text that is rare", 5, () =>
      hub.api.searchTraces({ range, filter: { text: "nobody wrote this" } }),
    );
    report("memory (RSS)", memory(hub));
    await hub.stop();
    const restart = performance.now();
    const again = await spawnHub(folder, unlimited);
    report("start with all this data", `${Math.round(performance.now() - restart)} ms`);
    await again.stop();
  });
}

async function measure(name: string, times: number, call: (i: number) => Promise<unknown>) {
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    await call(i);
    took.push(performance.now() - started);
  }
  const [p50, p95] = [0.5, 0.95].map((q) => quantile(took, q).toFixed(1));
  report(name, `p50 ${p50} ms, p95 ${p95} ms`);
}

function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

function rate(records: number, seconds: number): string {
  return `${Math.round(records / seconds).toLocaleString("en")} records/s`;
}

/** The resident memory of the hub's process; Linux only. */
function memory({ process: { pid } }: HubProcess): string {
  try {
    const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return `${Math.round(Number(kib) / 1024)} MiB`;
  } catch {
    return "unknown on this system";
  }
}

/** The processor time that the hub has used: unlike the rates, whatever else runs. Linux only. */
function cpuSeconds({ process: { pid } }: HubProcess): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

function report(name: string, value: string): void {
  console.log(`${name.padEnd(58)} ${value}`);
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "hub-bench-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
