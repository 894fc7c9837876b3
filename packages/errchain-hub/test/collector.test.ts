import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startHub, testFolder } from "./support/hub-process.ts";

// The OpenTelemetry Collector delivers to the hub. It is built from its Go modules.

const hasGo = spawnSync("go", ["version"]).status === 0;
if (!hasGo) {
  console.log("skipped: collector.test.ts needs Go, to build the OpenTelemetry Collector");
}

/** Builds the collector; the Go build cache makes that quick from the second time on. */
function buildCollector(): string {
  const binary = join(import.meta.dirname, ".cache/otelcol");
  const { status, stderr } = spawnSync(
    "go",
    ["build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "."],
    { cwd: join(import.meta.dirname, "collector"), encoding: "utf8" },
  );
  expect(status, stderr).toBe(0);
  return binary;
}

// Collectors lose data by default: filelog begins at the end of a file and does not
// try again.
const config = (file: string, exporter: string, settings: object) =>
  JSON.stringify({
    receivers: {
      filelog: {
        include: [file],
        start_at: "beginning",
        include_file_path: true,
        poll_interval: "50ms",
        retry_on_failure: { enabled: true },
      },
    },
    exporters: { [exporter]: settings },
    service: {
      telemetry: { metrics: { level: "none" } },
      pipelines: { logs: { receivers: ["filelog"], exporters: [exporter] } },
    },
  });

test.skipIf(!hasGo && !process.env["CI"]).each(["otlp", "otlphttp"])(
  "the collector's exporter %s",
  async (exporter) => {
    const collector = buildCollector();
    const hub = await startHub();
    const folder = testFolder();
    const file = join(folder, "app.log");
    const configFile = join(folder, "config.yaml");
    const { headers } = hub;
    const settings =
      exporter === "otlp"
        ? { endpoint: hub.grpcUrl.replace("http://", ""), tls: { insecure: true }, headers }
        : { endpoint: hub.httpUrl, headers };
    writeFileSync(configFile, config(file, exporter, settings)); // YAML is a superset of JSON
    writeFileSync(file, "started\n2026-01-02T03:04:05Z order-17|ROUTE_DISPATCH_20003|no range\n");
    const child = spawn(collector, ["--config", configFile], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      log += text;
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const trace = () => {
      expect(child.exitCode, log).toBeNull();
      return hub.api.getTrace({ text: "order-17" }).catch(() => undefined);
    };
    await expect.poll(trace, { timeout: 30_000 }).toBeDefined();
    appendFileSync(file, "2026-01-02T03:04:06Z order-17|WMS_ORDER_10001|no order\n");
    await expect
      .poll(async () => (await trace())?.trace?.hops, { timeout: 30_000 })
      .toMatchObject([
        { code: { system: "WMS" }, timeIsObserved: false },
        { code: { system: "ROUTE" }, file, message: "no range" },
      ]);
    expect((await hub.api.getStatus({})).ingest).toMatchObject({ accepted: 2n, ignored: 1n });
  },
  600_000,
);
