import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { defineError, errorChain, formatLogLine } from "errchain";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { codeBlocksOf } from "../../scripts/readme-project.ts";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { startListening } from "../support/listening.js";
import { failureOf } from "../support/probe.js";
import { connectTo } from "../support/protocols.js";
import { startHop } from "./fleet.js";
import { startOtlpReceiver } from "./otlp-receiver.js";

// The configurations of docs/observability.md, run by the OpenTelemetry Collector itself.

const docs = join(import.meta.dirname, "../../docs/observability.md");
const binary = join(import.meta.dirname, "../.cache/otelcol");
const hasGo = spawnSync("go", ["version"]).status === 0;
if (!hasGo) {
  console.log("skipped: collector.test.ts needs Go, to build the OpenTelemetry Collector");
}
const withCollector = test.skipIf(!hasGo && !process.env["CI"]);

// Go's own cache makes this quick from the second time on.
beforeAll(() => {
  if (hasGo || process.env["CI"]) {
    const { status, stderr } = spawnSync(
      "go",
      ["build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "."],
      { cwd: join(import.meta.dirname, "collector"), encoding: "utf8" },
    );
    expect(status, stderr).toBe(0);
  }
}, 600_000);

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "errchain-collector-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs the collector with a block of the docs. Gives a function that stops it. */
function startCollector(block: string, folder: string, env: Record<string, string>) {
  const text = codeBlocksOf(docs).find(({ name }) => name === block)?.text ?? "";
  const config = join(folder, block);
  writeFileSync(config, text);
  const collector = spawn(
    binary,
    ["--config", `file:${config}`, "--set", "service.telemetry.metrics.level=none"],
    {
      env: { ...process.env, ...env, OTELCOL_STATE: join(folder, "state"), OTLP_ENCODING: "json" },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const closed = once(collector, "close");
  let log = "";
  collector.stderr.setEncoding("utf8").on("data", (chunk) => {
    log += chunk;
  });
  const stop = async () => {
    collector.kill();
    await closed;
  };
  onTestFinished(stop);
  return { stop, log: () => log };
}

const slow = { timeout: 30_000, interval: 50 };

withCollector(
  "the collector takes log lines with their trace IDs, and none twice",
  async () => {
    const folder = newFolder();
    const file = join(folder, "errchain.log");
    const otlp = await startOtlpReceiver();
    const env = { ERRCHAIN_LINES: file, OTLP_ENDPOINT: otlp.url };
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const legacyId = "1677474.49460.17235995037011944.3460091.193151.9140";
    const odd = { traceId, fullCode: "ROUTE_DISPATCH_20003", message: "one | two\nthree\\four" };
    const old = { traceId: legacyId, fullCode: "WMS_10001", message: "from the past" };
    writeFileSync(file, `listening on port 8080\n${formatLogLine(odd)}\na | b | c\n`);

    const first = startCollector("collector-lines.yaml", folder, env);
    await vi.waitFor(() => expect(otlp.logs).toHaveLength(1), slow);
    await first.stop();
    appendFileSync(file, `${formatLogLine(old)}\n`);
    startCollector("collector-lines.yaml", folder, env);
    await vi.waitFor(() => expect(otlp.logs).toHaveLength(2), slow);

    const [oddLog, oldLog] = otlp.logs;
    expect(oddLog).toMatchObject({
      body: formatLogLine(odd),
      traceId,
      attributes: {
        "error.type": "ROUTE_DISPATCH_20003",
        trace_id: traceId,
        message: "one | two\\nthree\\\\four",
        "log.file.path": file,
      },
    });
    expect(oldLog).toMatchObject({
      traceId: "",
      attributes: { "error.type": "WMS_10001", trace_id: legacyId },
    });
  },
  120_000,
);

withCollector(
  "what cannot be delivered waits, also through a restart of the collector",
  async () => {
    const folder = newFolder();
    const file = join(folder, "errchain.log");
    const port = await freePort();
    const failed = defineError({
      system: "ROUTE",
      code: 100,
      reason: "FAILED",
      status: "INTERNAL",
      message: "failed",
    });
    writeFileSync(file, `${formatLogLine(failed())}\n`);
    const env = { ERRCHAIN_LINES: file, OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
    const collector = startCollector("collector-lines.yaml", folder, env);
    await vi.waitFor(() => expect(collector.log()).toMatch(/Exporting failed. Will retry/), slow);
    await collector.stop();
    const otlp = await startOtlpReceiver(port);
    startCollector("collector-lines.yaml", folder, env);
    await vi.waitFor(() => expect(otlp.logs).toHaveLength(1), slow);
    expect(otlp.logs[0]?.attributes["error.type"]).toBe("ROUTE_100");
  },
  120_000,
);

withCollector(
  "the collector passes events, spans and metrics on as they are",
  async () => {
    const otlp = await startOtlpReceiver();
    const port = await freePort();
    startCollector("collector-otlp.yaml", newFolder(), {
      OTLP_ENDPOINT: otlp.url,
      OTLP_HTTP_LISTEN: `127.0.0.1:${port}`,
      OTLP_GRPC_LISTEN: "127.0.0.1:0",
    });
    const otlpUrl = `http://127.0.0.1:${port}`;
    await vi.waitFor(async () => expect((await fetch(otlpUrl)).status).toBe(404), slow);
    const hop = await startHop({
      name: "ALPHA",
      sdk: "SDK 3",
      httpInstrumentation: false,
      spans: true,
      trustRemote: true,
      client: "interceptor",
      protocol: "gRPC",
      kind: "unary",
      nextUrl: "http://127.0.0.1:9",
      otlpUrl,
    });
    const err = await failureOf(createClient(ProbeService, connectTo("gRPC", hop.url)).unary({}));
    await hop.stop();
    await vi.waitFor(() => {
      expect(otlp.logs).toHaveLength(1);
      expect(otlp.spans).toHaveLength(2);
      expect(otlp.points.length).toBeGreaterThan(1);
    }, slow);

    const server = otlp.spans.find(({ kind }) => kind === "SERVER");
    expect(otlp.logs[0]).toMatchObject({
      service: "ALPHA",
      eventName: "rpc.server.call.exception",
      severity: "ERROR",
      traceId: Buffer.from(errorChain(err)?.traceId ?? []).toString("hex"),
      spanId: server?.spanId,
      attributes: {
        "error.type": "ALPHA_1000",
        "errchain.root.system": "PROBE",
        "errchain.causes": [
          { system: "ALPHA", code: "1000", branches: 1, span_id: server?.spanId },
          { system: "PROBE", module: "ALPHA", code: "3", provenance: "OBSERVED" },
        ],
      },
    });
    const errors = otlp.points.find(({ metric }) => metric === "errchain.errors");
    expect(errors).toMatchObject({
      unit: "{error}",
      count: 1,
      attributes: { "errchain.system": "ALPHA", "errchain.root.system": "PROBE" },
    });
    expect(otlp.points.map(({ metric }) => metric)).toContain("rpc.server.call.duration");
  },
  120_000,
);

async function freePort(): Promise<number> {
  const { url, close } = await startListening(createServer());
  close();
  return Number(new URL(url).port);
}
