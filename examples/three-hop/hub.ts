// Runs a hub beside the example: npm run demo -- --hub

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { errorChain, fullCode } from "errchain";
import { type Cause, type ErrorChain, Provenance, Status } from "errchain/proto";

const root = join(import.meta.dirname, "../..");

/** A hub that collects what the systems log. */
export interface Hub {
  /** The address of its page, which lets a browser in. */
  readonly url: string;
  /** The address of a trace. */
  linkTo(traceId: string): string;
  /** The hub follows the files NAME.log in this folder. */
  readonly logFolder: string;
  /** Sends what a caller has received, as the event that OpenTelemetry has for it. */
  report(error: unknown): Promise<void>;
  /** The traces of the errors that were reported since this was last asked. */
  takeTraceIds(): string[];
  stop(): Promise<void>;
}

/** Starts a hub on free ports, with data that is gone when it stops. */
export async function startHub(): Promise<Hub> {
  const folder = mkdtempSync(join(tmpdir(), "errchain-demo-hub-"));
  const catalog = join(folder, "image.binpb");
  execFileSync(join(root, "node_modules/.bin/buf"), ["build", "-o", catalog], { cwd: root });
  const child = spawn(
    process.execPath,
    [
      join(root, "packages/errchain-hub/bin/errchain-hub.js"),
      ...["--data", join(folder, "data"), "--port=0", "--grpc-port=0"],
      ...["--file", join(folder, "*.log"), "--catalog", catalog],
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const url = await openAddress(child);
  const { origin, searchParams } = new URL(url);
  const token = searchParams.get("token") ?? "";
  const traceIds = new Set<string>();
  return {
    url,
    linkTo: (traceId) => `${origin}/t/${traceId}?token=${token}`,
    logFolder: folder,
    async report(error) {
      const chain = errorChain(error);
      if (chain === undefined) {
        return;
      }
      traceIds.add(Buffer.from(chain.traceId).toString("hex"));
      const response = await fetch(`${origin}/v1/logs`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify(eventOf(chain)),
      });
      if (!response.ok) {
        throw new Error(`the hub answered ${response.status}`);
      }
    },
    takeTraceIds() {
      const taken = [...traceIds];
      traceIds.clear();
      return taken;
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill();
        await once(child, "exit");
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until the hub has printed the address to open. */
function openAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const [, address] = /Open +(\S+)\n/.exec(output) ?? [];
      if (address !== undefined) resolve(address);
    });
    child.once("exit", (code) => reject(new Error(`the hub has ended with ${code}`)));
  });
}

/** An OTLP request with the event of a failed call, see the README of the hub. */
function eventOf(chain: ErrorChain): unknown {
  const [nearest] = chain.causes;
  if (nearest === undefined) {
    return {};
  }
  const event = {
    eventName: "rpc.client.call.exception",
    timeUnixNano: `${Date.now()}000000`,
    traceId: Buffer.from(chain.traceId).toString("hex"),
    body: { stringValue: nearest.message },
    attributes: [
      { key: "error.type", value: { stringValue: fullCode(nearest) } },
      {
        key: "errchain.causes",
        value: { arrayValue: { values: chain.causes.map((cause) => mapOf(cause)) } },
      },
    ],
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "demo" } }] };
  return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [event] }] }] };
}

function mapOf(cause: Cause): unknown {
  const texts = {
    system: cause.system,
    module: cause.module,
    code: cause.code,
    reason: cause.reason,
    message: cause.message,
    status: Status[cause.status],
    provenance: Provenance[cause.provenance],
    procedure: cause.procedure,
    span_id: Buffer.from(cause.spanId).toString("hex"),
    occurred_at: cause.occurredAt && timestampDate(cause.occurredAt).toISOString(),
  };
  const counts = { branches: cause.branches, elided: cause.elided };
  return {
    kvlistValue: {
      values: [
        ...Object.entries(texts)
          .filter(([, text]) => text)
          .map(([key, text]) => ({ key, value: { stringValue: text } })),
        ...Object.entries(counts).map(([key, count]) => ({
          key,
          value: { intValue: String(count) },
        })),
        { key: "inferred", value: { boolValue: cause.inferred } },
      ],
    },
  };
}
