import { randomBytes } from "node:crypto";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Role } from "../gen/errchain/hub/v1/hub_pb.js";
import { type HubProcess, settled, startHub } from "./support/hub-process.ts";
import { linesBytes, linesRequest, logsClient, postLogs } from "./support/otlp.ts";

/** Sends bytes to a port and waits until the other side hangs up, or for a moment. */
async function throwAt(url: string, bytes: Uint8Array): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {}); // being cut off is fine
  socket.end(bytes);
  socket.resume();
  await Promise.race([new Promise((resolve) => socket.once("close", resolve)), sleep(500)]);
  socket.destroy();
}

async function expectAlive(hub: HubProcess): Promise<void> {
  const traceId = randomBytes(16).toString("hex");
  await logsClient(hub).export(linesRequest([`${traceId}|A_1000|m`]), { headers: hub.headers });
  expect((await hub.api.getTrace({ text: traceId })).trace?.hops).toHaveLength(1);
  expect(hub.process.exitCode).toBeNull();
}

test("random bytes to every port", async () => {
  const hub = await startHub();
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const request = Buffer.from(
    "POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n",
  );
  for (const url of [hub.httpUrl, hub.grpcUrl]) {
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => {
        const front = [Buffer.alloc(0), preface, request][i % 3] ?? preface;
        return throwAt(url, Buffer.concat([front, randomBytes(1 + i * 97)]));
      }),
    );
  }
  await expectAlive(hub);
}, 60_000);

test("random bytes as gRPC messages, with the token", async () => {
  const hub = await startHub();
  const session = connectHttp2(hub.grpcUrl);
  const statuses = new Set<unknown>();
  for (let i = 0; i < 60; i++) {
    const stream = session.request({
      ":method": "POST",
      ":path": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
      "content-type": "application/grpc",
      te: "trailers",
      ...hub.headers,
    });
    stream.on("response", (headers) => statuses.add(headers["grpc-status"]));
    stream.on("trailers", (headers) => statuses.add(headers["grpc-status"]));
    const message = randomBytes(i * 13);
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(i % 2 === 0 ? message.length : 1_000_000_000, 1);
    stream.on("error", () => {});
    stream.end(Buffer.concat([frame, message]));
    stream.resume();
    await new Promise((resolve) => stream.once("close", resolve));
  }
  session.close();
  statuses.delete(undefined);
  expect(statuses.size).toBeGreaterThan(0);
  await expectAlive(hub);
}, 60_000);

test("a record of 10 MB is kept up to what is useful", async () => {
  const hub = await startHub();
  const response = await postLogs(hub, linesBytes([`big|A_1000|${"x".repeat(10_000_000)}`]));
  expect(response.status).toBe(200);
  const { trace } = await hub.api.getTrace({ text: "big" });
  expect(trace?.hops[0]?.message).toHaveLength(8192);
  await expectAlive(hub);
});

test("hostile texts stay texts", async () => {
  const hub = await startHub();
  const html = `<script>alert(1)</script><img src=x onerror=alert(1)>'"--\u001b[2J\u202e\u061c`;
  const ids = ["<script>", "../../etc/passwd", "' OR 1=1 --", "%00", "__proto__"].map((id) =>
    id.replaceAll(" ", "_"),
  );
  await postLogs(hub, linesBytes(ids.map((id) => `${id}|A_1000|${html}`)));
  await settled(hub);
  for (const id of ids) {
    const { trace } = await hub.api.getTrace({ text: id });
    expect(trace?.summary?.traceId).toBe(id);
    expect(trace?.hops[0]?.message).toBe(html);
    expect(trace?.text).not.toContain("\u001b");
    expect(trace?.text).not.toMatch(/\p{Bidi_Control}/u);
    const response = await fetch(`${hub.httpUrl}/t/${encodeURIComponent(id)}.txt`, {
      headers: hub.headers,
    });
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.text()).toContain("<script>alert(1)</script>");
  }
  for (const text of ["' OR 1=1 --", "%", "_", "\\", "\u0000"]) {
    const { traces } = await hub.api.searchTraces({ filter: { text, system: text } });
    expect(traces).toEqual([]);
  }
  const paths = ["/../package.json", "/%2e%2e/package.json", "/t/%E0%A4%A.txt", "//", "/t/.txt"];
  for (const path of paths) {
    const response = await fetch(hub.httpUrl + path, { headers: hub.headers });
    expect(await response.text()).not.toContain('"name": "errchain-hub"');
  }
  await expectAlive(hub);
});

test("a cause whose time cannot be right has the time of its record", async () => {
  const hub = await startHub();
  const text = (stringValue: string) => ({ stringValue });
  for (const time of ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-02T03:04:05"]) {
    const traceId = randomBytes(16).toString("hex");
    const cause = { system: "A", code: "1000", message: "m", occurred_at: time };
    const event = {
      traceId,
      timeUnixNano: "1767323045000000000",
      attributes: [{ key: "errchain.causes", value: text(JSON.stringify([cause])) }],
    };
    // The trace is read again for the second record.
    for (const record of [event, { traceId, body: text("|B_1000|m") }]) {
      const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] };
      const type = { "content-type": "application/json" };
      expect((await postLogs(hub, JSON.stringify(request), type)).status).toBe(200);
      await settled(hub);
    }
    const { trace } = await hub.api.getTrace({ text: traceId });
    expect(trace?.hops.find(({ code }) => code?.system === "A")).toMatchObject({
      occurredAt: { seconds: 1767323045n },
      timeIsObserved: false,
    });
  }
  await expectAlive(hub);
});

test("a million different codes", async () => {
  const hub = await startHub();
  const client = logsClient(hub);
  const codes = 1_000_000;
  const batch = 10_000;
  for (let from = 0; from < codes; from += batch) {
    const lines = Array.from({ length: batch }, (_, i) => `t${from + i}|EVIL_X_${from + i}|m`);
    for (;;) {
      try {
        await client.export(linesRequest(lines), { headers: hub.headers });
        break;
      } catch {
        await sleep(500);
      }
    }
  }
  await settled(hub);
  const { codes: top, codeCount, systems, total } = await hub.api.topCodes({ role: Role.ROOT });
  expect([top.length, codeCount, total]).toEqual([20, BigInt(codes), BigInt(codes)]);
  expect(systems).toMatchObject([{ system: "EVIL", codeCount: BigInt(codes) }]);
  const filter = { role: Role.ANY, system: "EVIL" };
  expect((await hub.api.searchTraces({ filter })).traces).toHaveLength(50);
  await expectAlive(hub);
}, 300_000);
