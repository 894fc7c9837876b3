import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { LogsService } from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { linesRequest } from "./otlp.ts";
import { HUB, type HubProcess, settled, spawnHub } from "./spawn-hub.ts";

export interface KillRunOptions {
  readonly folder: string;
  /** How often to kill. */
  readonly times: number;
  readonly ports: readonly [number, number];
  readonly onProgress: (text: string) => void;
}

export interface KillRunResult {
  /** Acknowledged over OTLP. */
  readonly acknowledged: number;
  /** Written to log files. */
  readonly written: number;
  /** How often the hub and the agent were killed. */
  readonly hubKills: number;
  readonly agentKills: number;
  /** Requests that had to be sent again. */
  readonly repeated: number;
  /** Trace IDs of records that are missing, that are there twice, or that nobody has sent. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly strange: readonly string[];
  /** Whether the counts of the hub are those of its records. */
  readonly countsAreRight: boolean;
  /** What SQLite says of the file: "ok". */
  readonly integrity: string;
}

const SENDERS = 3;
const RECORDS_PER_REQUEST = 200;
const LINES_PER_WRITE = 50;
const ROTATE_EVERY = 40;

/**
 * Puts load on a hub and an agent, kills one of them at a random moment again and
 * again, and then compares what was acknowledged with what is stored. Senders do
 * what exporters do: they send a request again until it is acknowledged.
 */
export async function killRun(options: KillRunOptions): Promise<KillRunResult> {
  const { folder, times, ports, onProgress } = options;
  const data = join(folder, "data");
  const logs = join(folder, "logs");
  mkdirSync(logs, { recursive: true });
  let hub = await spawnHub(data, [], ports);
  const { headers } = hub;
  const startAgent = () =>
    spawn(
      process.execPath,
      [
        HUB,
        "agent",
        "--file",
        join(logs, "app.log*"),
        "--hub",
        hub.httpUrl,
        "--token",
        hub.token,
      ].concat("--state", join(folder, "state")),
      { stdio: "ignore" },
    );
  let agent = startAgent();
  const expected = new Set<string>();
  let acknowledged = 0;
  let written = 0;
  let repeated = 0;
  let isOver = false;

  async function sendUntilOver(sender: number): Promise<void> {
    const client = createClient(
      LogsService,
      createGrpcTransport({ baseUrl: hub.grpcUrl, defaultTimeoutMs: 10_000 }),
    );
    for (let request = 0; !isOver; request++) {
      const ids = Array.from(
        { length: RECORDS_PER_REQUEST },
        (_, n) => `otlp-${sender}-${request}-${n}`,
      );
      const message = linesRequest(ids.map((id) => `${id}|ROUTE_DISPATCH_20003|m`));
      for (;;) {
        try {
          await client.export(message, { headers });
          break;
        } catch {
          repeated++;
          await sleep(50);
        }
      }
      for (const id of ids) {
        expected.add(id);
      }
      acknowledged += ids.length;
    }
  }

  async function writeUntilOver(): Promise<void> {
    const file = join(logs, "app.log");
    for (let write = 0; !isOver; write++) {
      const ids = Array.from({ length: LINES_PER_WRITE }, (_, n) => `line-${write}-${n}`);
      appendFileSync(file, ids.map((id) => `${id}|WMS_ORDER_10001|m\n`).join(""));
      for (const id of ids) {
        expected.add(id);
      }
      written += ids.length;
      if (write % ROTATE_EVERY === ROTATE_EVERY - 1) {
        renameSync(file, `${file}.${write}`);
      }
      await sleep(5);
    }
  }

  const load = [writeUntilOver(), ...Array.from({ length: SENDERS }, (_, i) => sendUntilOver(i))];
  let hubKills = 0;
  for (let time = 1; time <= times; time++) {
    await sleep(50 + Math.random() * 750);
    if (Math.random() < 0.6) {
      hubKills++;
      await hub.kill();
      await sleep(Math.random() * 300);
      hub = await spawnHub(data, [], ports);
    } else {
      await kill(agent);
      await sleep(Math.random() * 300);
      agent = startAgent();
    }
    onProgress(`killed ${time} of ${times} times; ${acknowledged + written} records`);
  }
  isOver = true;
  await Promise.all(load);
  await arrival(hub, acknowledged + written);
  await settled(hub);
  const countsAreRight = await compareCounts(hub);
  await kill(agent);
  await hub.stop();
  const agentKills = times - hubKills;
  const kills = { hubKills, agentKills, repeated };
  return { acknowledged, written, ...kills, countsAreRight, ...compare(data, expected) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

const ARRIVAL_MS = 60_000;

/** Waits until as many records have arrived; what is missing then is lost. */
async function arrival({ api }: HubProcess, count: number): Promise<void> {
  for (const end = Date.now() + ARRIVAL_MS; Date.now() < end; await sleep(100)) {
    if ((await api.getStatus({})).recordCount >= BigInt(count)) break;
  }
  await sleep(500); // for what must not come
}

async function compareCounts({ api }: HubProcess): Promise<boolean> {
  const [{ total }, { traceCount, recordCount }] = await Promise.all([
    api.topCodes({}),
    api.getStatus({}),
  ]);
  return total === traceCount && traceCount === recordCount;
}

function compare(data: string, expected: ReadonlySet<string>) {
  const db = new DatabaseSync(join(data, "hub.sqlite"), { readOnly: true });
  const stored = new Map(
    db
      .prepare("SELECT trace, count(*) AS n FROM record GROUP BY trace")
      .all()
      .map(({ trace, n }) => [String(trace), Number(n)]),
  );
  const integrity = String(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"]);
  db.close();
  return {
    lost: [...expected].filter((id) => !stored.has(id)),
    doubled: [...stored].filter(([, n]) => n > 1).map(([id]) => id),
    strange: [...stored.keys()].filter((id) => !expected.has(id)),
    integrity,
  };
}
