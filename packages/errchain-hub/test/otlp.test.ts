import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";
import { create, fromBinary, type JsonValue, toBinary, toJsonString } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  ExportLogsServiceRequestSchema,
  ExportLogsServiceResponseSchema,
} from "../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { type HubProcess, settled, spawnHub, startHub } from "./support/hub-process.ts";
import {
  exportBytes,
  exportHeaders,
  linesBytes,
  linesRequest,
  logsClient,
  postLogs,
} from "./support/otlp.ts";

let hub: HubProcess;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "hub-otlp-"));
  hub = await spawnHub(folder);
  return async () => {
    await hub.kill();
    rmSync(folder, { recursive: true });
  };
});

const newTrace = () => randomBytes(16).toString("hex");

/** A google.rpc.Status: code and message. */
function readStatus(bytes: ArrayBuffer): [number, string] {
  const reader = new BinaryReader(new Uint8Array(bytes));
  reader.tag();
  const code = reader.int32();
  reader.tag();
  return [code, reader.string()];
}

describe("HTTP", () => {
  test("JSON, with IDs in hex and all that the specification allows", async () => {
    const traceId = newTrace().toUpperCase();
    const request = {
      resourceLogs: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "wms" } }] },
          scopeLogs: [
            {
              scope: { name: "x" },
              logRecords: [
                {
                  timeUnixNano: "1767323045678000000",
                  observedTimeUnixNano: "1767323045679000000",
                  severityNumber: 17,
                  severityText: "ERROR",
                  eventName: "rpc.server.call.exception",
                  body: { stringValue: "the order cannot be promised" },
                  attributes: [
                    { key: "error.type", value: { stringValue: "WMS_ORDER_10001" } },
                    { key: "line", value: { intValue: "42" } },
                  ],
                  droppedAttributesCount: 0,
                  flags: 1,
                  traceId,
                  spanId: "EEE19B7EC3C1B174",
                  somethingNew: { a: [1] },
                },
              ],
            },
          ],
          schemaUrl: "https://opentelemetry.io/schemas/1.45.0",
        },
      ],
    };
    const response = await postLogs(hub, JSON.stringify(request), {
      "content-type": "application/json",
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({});
    const { trace } = await hub.api.getTrace({ text: traceId });
    expect(trace?.summary?.traceId).toBe(traceId.toLowerCase());
    expect(trace?.hops[0]).toMatchObject({
      code: { fullCode: "WMS_ORDER_10001" },
      spanId: "eee19b7ec3c1b174",
      service: "wms",
    });
  });

  test("JSON with times as numbers", async () => {
    const traceId = newTrace();
    const logRecords = [
      { timeUnixNano: 1767323045678000000, body: { stringValue: `${traceId}|A_1000|m` } },
    ];
    const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
    const response = await postLogs(hub, body, { "content-type": "application/json" });
    expect(response.status).toBe(200);
    expect((await hub.api.getTrace({ text: traceId })).trace?.hops).toHaveLength(1);
  });

  test("Protobuf, plain and gzip; the answer has the same content type", async () => {
    for (const gzip of [false, true]) {
      const traceId = newTrace();
      const bytes = linesBytes([`${traceId}|A_1000|m`]);
      const response = gzip
        ? await postLogs(hub, gzipSync(bytes), { "content-encoding": "gzip" })
        : await postLogs(hub, bytes);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/x-protobuf");
      const answer = fromBinary(
        ExportLogsServiceResponseSchema,
        new Uint8Array(await response.arrayBuffer()),
      );
      expect(answer.partialSuccess).toBeUndefined();
      expect((await hub.api.getTrace({ text: traceId })).trace?.hops).toHaveLength(1);
    }
  });

  test("an empty request is a success", async () => {
    expect((await postLogs(hub, new Uint8Array())).status).toBe(200);
    const json = { "content-type": "application/json; charset=utf-8" };
    expect((await postLogs(hub, "{}", json)).status).toBe(200);
  });

  test.each([
    ["no Protobuf", Buffer.from([0x0a, 100, 1]), {}, 400, 3], // a field that ends too early
    ["no gzip", "abc", { "content-encoding": "gzip" }, 400, 3],
    ["another compression", "abc", { "content-encoding": "br" }, 415, 3],
    ["another content type", "abc", { "content-type": "text/plain" }, 415, 3],
    ["too large", Buffer.alloc(64 * 1024 * 1024 + 1), {}, 413, 8],
    [
      "a gzip bomb",
      gzipSync(Buffer.alloc(65 * 1024 * 1024)),
      { "content-encoding": "gzip" },
      413,
      8,
    ],
  ] as const)("refuses %s", async (_, body, headers, status, code) => {
    const response = await postLogs(hub, body as never, headers);
    expect(response.status).toBe(status);
    const [rpcCode, message] = readStatus(await response.arrayBuffer());
    expect(rpcCode).toBe(code);
    expect(message).not.toBe("");
  });

  test.each([
    ["no JSON", "{"],
    ["JSON of another kind", "[1]"],
  ])("refuses %s", async (_, body) => {
    const response = await postLogs(hub, body, { "content-type": "application/json" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 3, message: expect.stringMatching(/./) });
  });

  test("of JSON, only the records whose IDs are not in hex are rejected", async () => {
    const traceId = newTrace();
    const body = { stringValue: "|A_1000|m" };
    const logRecords = [
      { body, traceId: "xyz" },
      { body, traceId: "not hex, 16 byte" },
      { body, traceId: Buffer.from(traceId, "hex").toString("base64") },
      { body, traceId, spanId: "abc" },
      { body, traceId },
    ];
    const request = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
    const response = await postLogs(hub, request, { "content-type": "application/json" });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      partialSuccess: {
        rejectedLogRecords: "4",
        errorMessage: "the trace ID is not 16 bytes (in JSON: 32 hex digits)",
      },
    });
    const { trace } = await hub.api.getTrace({ text: traceId });
    expect(trace?.hops[0]?.sources).toMatchObject({ lines: 1 });
  });

  test("without the token, nothing is taken", async () => {
    for (const authorization of ["", "Bearer wrong", `Basic ${hub.token}`]) {
      const response = await postLogs(hub, linesBytes(["t|A_1000|m"]), { authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get("content-type")).toBe("application/x-protobuf");
      expect(readStatus(await response.arrayBuffer())).toEqual([
        Code.Unauthenticated,
        expect.stringContaining("token"),
      ]);
    }
  });

  test("another method", async () => {
    const response = await fetch(`${hub.httpUrl}/v1/logs`, { headers: hub.headers });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });
});

describe("gRPC", () => {
  test("stores before it answers", async () => {
    const traceId = newTrace();
    const answer = await logsClient(hub).export(linesRequest([`${traceId}|A_1000|m`]), {
      headers: hub.headers,
    });
    expect(answer.partialSuccess).toBeUndefined();
    expect((await hub.grpcApi.getTrace({ text: traceId })).trace?.hops).toHaveLength(1);
  });

  test("without the token, nothing is taken", async () => {
    const call = logsClient(hub).export(linesRequest(["t|A_1000|m"]));
    expect(ConnectError.from(await call.catch((err) => err)).code).toBe(Code.Unauthenticated);
  });
});

test("bad records are rejected one by one, and the others are stored", async () => {
  const text = (value: string) => ({ value: { case: "stringValue" as const, value } });
  const causes = (json: JsonValue) => [
    { key: "errchain.causes", value: text(JSON.stringify(json)) },
  ];
  const traceId = newTrace();
  const good = { system: "A", code: "1000", message: "m" };
  const request = create(ExportLogsServiceRequestSchema, {
    resourceLogs: [
      {
        scopeLogs: [
          {
            logRecords: [
              { body: text(`${traceId}|A_1000|m`) },
              { body: text(`|A_1000|m`), traceId: new Uint8Array(15) },
              { body: text(`|A_1000|m`), spanId: new Uint8Array(7) },
              { attributes: causes("no array") },
              { attributes: causes([]) },
              { attributes: causes([1]) },
              { attributes: causes([{ ...good, system: "a b" }]) },
              { attributes: causes([{ ...good, code: "<b>" }]) },
              { attributes: causes([{ ...good, branches: -1 }]) },
              { attributes: causes([{ ...good, span_id: "xyz" }]) },
              { attributes: causes([{ ...good, message: 7 }]) },
              { attributes: causes(Array.from({ length: 65 }, () => good)) },
              { attributes: causes([good]), traceId: Buffer.from(traceId, "hex") },
              {
                eventName: "rpc.server.call.exception",
                attributes: [{ key: "error.type", value: text("UNAVAILABLE") }],
              },
            ],
          },
        ],
      },
    ],
  });
  for (const send of [
    async () => logsClient(hub).export(request, { headers: hub.headers }),
    async () => {
      const bytes = toBinary(ExportLogsServiceRequestSchema, request) as Uint8Array<ArrayBuffer>;
      const response = await postLogs(hub, bytes);
      const body = new Uint8Array(await response.arrayBuffer());
      return fromBinary(ExportLogsServiceResponseSchema, body);
    },
  ]) {
    const { partialSuccess } = await send();
    expect(partialSuccess?.rejectedLogRecords).toBe(11n);
    expect(partialSuccess?.errorMessage).toMatch(/^the trace ID is not 16 bytes/);
  }
  const { trace } = await hub.api.getTrace({ text: traceId });
  expect(trace?.hops[0]?.sources).toMatchObject({ lines: 1, events: 1 });
});

describe("one bad text or number does not cost its whole request", () => {
  /** What is known of a trace: the messages of its hops. */
  const messagesOf = async (traceId: string) => {
    const { trace } = await hub.api.getTrace({ text: traceId });
    return trace?.hops.map(({ message }) => message);
  };

  test("JSON with a text that was cut within a character", async () => {
    const [traceId, cut] = [newTrace(), newTrace()];
    const logRecords = [
      { body: { stringValue: `${traceId}|A_1000|m` } },
      { body: { stringValue: `${cut}|A_1000|order for ${"😀".slice(0, 1)}` } },
    ];
    const request = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
    const response = await postLogs(hub, request, { "content-type": "application/json" });
    expect([response.status, await response.json()]).toEqual([200, {}]);
    expect(await messagesOf(traceId)).toEqual(["m"]);
    expect(await messagesOf(cut)).toEqual(["order for \ufffd"]);
  });

  test.each([
    { timeUnixNano: "abc" },
    { observedTimeUnixNano: -5 },
    { body: { intValue: "x" } },
    { body: { bytesValue: "%" } },
    { attributes: "none" },
  ])("JSON with a record that cannot be read: %j", async (bad) => {
    const traceId = newTrace();
    const good = { body: { stringValue: `${traceId}|A_1000|m` } };
    const request = JSON.stringify({
      resourceLogs: [
        { scopeLogs: [{ logRecords: [bad, good] }, { log_records: [{ ...good, ...bad }, null] }] },
        { scopeLogs: null },
      ],
    });
    const response = await postLogs(hub, request, { "content-type": "application/json" });
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        partialSuccess: {
          rejectedLogRecords: "3",
          errorMessage: expect.stringContaining(
            Object.keys(bad)[0] === "body" ? "AnyValue" : "LogRecord",
          ),
        },
      },
    ]);
    expect(await messagesOf(traceId)).toEqual(["m"]);
  });

  test.each(["HTTP", "gRPC"])("Protobuf over %s with a text that is no UTF-8", async (way) => {
    const [traceId, latin1] = [newTrace(), newTrace()];
    const bytes = linesBytes([`${traceId}|A_1000|m`, `${latin1}|A_1000|caf#`]);
    bytes[Buffer.from(bytes).indexOf("caf#") + 3] = 0xe9; // the time may have a "#" too
    if (way === "HTTP") {
      const response = await postLogs(hub, bytes);
      expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 0]);
    } else {
      expect(await exportBytes(hub, bytes)).toMatchObject({ "grpc-status": "0" });
    }
    expect(await messagesOf(traceId)).toEqual(["m"]);
    expect(await messagesOf(latin1)).toEqual(["caf\ufffd"]);
  });
});

describe("a request that would take too much memory when it is decoded", () => {
  /** A field of Protobuf, so often. */
  const repeated = (number: number, content: Uint8Array, times = 1) => {
    const writer = new BinaryWriter();
    for (let i = 0; i < times; i++) {
      writer.tag(number, WireType.LengthDelimited).bytes(content);
    }
    return writer.finish();
  };
  const none = new Uint8Array();
  const record = (content: Uint8Array) => repeated(1, repeated(2, repeated(2, content)));
  const protobuf = {
    "empty records": repeated(1, repeated(2, repeated(2, none, 200_001))),
    "empty scopes": repeated(1, repeated(2, none, 2_000_000)),
    "empty attributes": record(repeated(6, none, 2_000_000)),
    "empty values": record(repeated(5, repeated(5, repeated(1, none, 2_000_000)))),
  };
  const limit = /^the request has more than \d+ .*; send smaller batches$/;

  test.each(Object.entries(protobuf))("Protobuf with %s", async (_, bytes) => {
    const response = await postLogs(hub, bytes as Uint8Array<ArrayBuffer>);
    expect(response.status).toBe(413);
    expect(readStatus(await response.arrayBuffer())).toEqual([8, expect.stringMatching(limit)]);
    for (const isGzip of [false, true]) {
      const headers = await exportBytes(hub, isGzip ? gzipSync(bytes) : bytes, { isGzip });
      expect(headers["grpc-status"]).toBe("8");
      expect(decodeURIComponent(String(headers["grpc-message"]))).toMatch(limit);
    }
  });

  test.each([
    ["empty records", (many: string) => `[{"logRecords":[${many}]}]`, "{}", 200_001],
    [
      "empty attributes",
      (many: string) => `[{"logRecords":[{"attributes":[${many}]}]}]`,
      "{}",
      2e6,
    ],
    ["something unknown", (many: string) => `[{"x":[${many}]}]`, "0", 4e6],
  ])("JSON with %s", async (_, scopeLogs, item, times) => {
    const many = Array(times).fill(item).join();
    const body = gzipSync(`{"resourceLogs":[{"scopeLogs":${scopeLogs(many)}}]}`);
    const type = { "content-type": "application/json", "content-encoding": "gzip" };
    const response = await postLogs(hub, body, type);
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ code: 8, message: expect.stringMatching(limit) });
  });

  test("what a field's type hides is not taken", async () => {
    // The decoder would read records where a number is announced, or another field.
    const hidden = repeated(2, repeated(2, none, 200_001));
    const rest = repeated(1, hidden).subarray(1);
    for (const tag of [[8], [0x8a, 0x80, 0x80, 0x80, 0x10]]) {
      const bytes = Buffer.concat([Buffer.from(tag), rest]);
      expect((await postLogs(hub, bytes)).status).toBe(400);
      expect(await exportBytes(hub, bytes)).toMatchObject({ "grpc-status": "3" });
    }
  });

  test("but a collector's batch is taken", async () => {
    const lines = Array.from({ length: 8192 }, (_, i) => `batch-${i}|A_1000|${"x".repeat(1000)}`);
    const bytes = linesBytes(lines);
    expect((await postLogs(hub, bytes)).status).toBe(200);
    expect(await exportBytes(hub, bytes)).toMatchObject({ "grpc-status": "0" });
    const json = toJsonString(ExportLogsServiceRequestSchema, linesRequest(lines));
    const response = await postLogs(hub, json, { "content-type": "application/json" });
    expect(response.status).toBe(200);
  });
});

test("a record without a trace ID has a place of its own", async () => {
  const own = await startHub();
  await postLogs(own, linesBytes(["|A_1000|one", "|A_1000|two"]));
  await expect
    .poll(async () =>
      (await own.api.searchTraces({})).traces.map((trace) => trace.rootMessage).sort(),
    )
    .toEqual(["one", "two"]);
  const { traces } = await own.api.searchTraces({});
  expect(traces[0]?.traceId).toMatch(/^no-trace-[0-9a-f]{32}$/);
  expect((await own.api.getTrace({ text: traces[0]?.traceId ?? "" })).trace?.hops).toHaveLength(1);
});

test("what loggers print for no trace ID joins nothing", async () => {
  const own = await startHub();
  const ids = ["0".repeat(32), "0", "-", "null", "undefined", "None"];
  await postLogs(own, linesBytes(ids.map((id) => `${id}|A_1000|${id}`)));
  const traceId = newTrace();
  const body = { stringValue: "-|A_1000|spoken of by its record" };
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body, traceId }] }] }] };
  await postLogs(own, JSON.stringify(request), { "content-type": "application/json" });
  await settled(own);
  const { traces } = await own.api.searchTraces({});
  const found = Object.fromEntries(traces.map((trace) => [trace.rootMessage, trace.traceId]));
  for (const id of ids) {
    expect(found[id]).toMatch(/^no-trace-[0-9a-f]{32}$/);
  }
  expect(found["spoken of by its record"]).toBe(traceId);
});

test("a local time counts only where the record has no other", async () => {
  const local = Date.parse("2026-01-02T03:04:05");
  const observed = Date.parse("2026-01-02T12:34:56Z");
  const nanos = (ms: number) => String(BigInt(ms) * 1_000_000n);
  const [withTime, without] = [newTrace(), newTrace()];
  const body = (id: string) => ({ stringValue: `2026-01-02 03:04:05 ${id}|A_1000|m` });
  const logRecords = [
    { body: body(withTime), observedTimeUnixNano: nanos(observed) },
    { body: body(without) },
  ];
  const request = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  await postLogs(hub, request, { "content-type": "application/json" });
  for (const [text, ms, timeIsObserved] of [
    [withTime, observed, true],
    [without, local, false],
  ] as const) {
    const { trace } = await hub.api.getTrace({ text });
    expect(trace?.hops).toMatchObject([
      { occurredAt: { seconds: BigInt(ms / 1000) }, timeIsObserved },
    ]);
  }
});

describe("overload", () => {
  /** Keeps the hub from writing, as a slow disk does. */
  function holdWriter({ folder }: HubProcess): () => void {
    const db = new DatabaseSync(join(folder, "hub.sqlite"));
    db.exec("BEGIN IMMEDIATE");
    return () => {
      db.exec("ROLLBACK");
      db.close();
    };
  }

  const requests = 10;
  const lines = (kind: string, i: number) =>
    Array.from({ length: 8_000 }, (_, n) => `${kind}-${i}-${n}|A_1000|m`);

  test("over gRPC: UNAVAILABLE with RetryInfo; what is sent again counts once", async () => {
    const own = await startHub();
    const client = logsClient(own);
    const errors: ConnectError[] = [];
    let release: (() => void) | undefined = holdWriter(own);
    const deliver = async (i: number): Promise<void> => {
      for (;;) {
        try {
          await client.export(linesRequest(lines("grpc", i)), { headers: own.headers });
          return;
        } catch (err) {
          errors.push(ConnectError.from(err));
          release?.();
          release = undefined;
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    };
    await Promise.all(Array.from({ length: requests }, (_, i) => deliver(i)));
    expect(errors.length).toBeGreaterThan(0);
    for (const { code, details } of errors) {
      expect(code).toBe(Code.Unavailable);
      expect(details).toMatchObject([{ type: "google.rpc.RetryInfo" }]);
    }
    const { ingest, recordCount } = await own.api.getStatus({});
    expect(recordCount).toBe(BigInt(requests * 8_000));
    expect(ingest?.turnedAway).toBe(BigInt(errors.length * 8_000));
  }, 60_000);

  test("over HTTP: 429 with Retry-After", async () => {
    const own = await startHub();
    const release = holdWriter(own);
    const answers = Array.from({ length: requests }, (_, i) =>
      postLogs(own, linesBytes(lines("http", i))),
    );
    const refused = await Promise.any(
      answers.map(async (answer) => {
        const response = await answer;
        if (response.status === 200) throw new Error("taken");
        return response;
      }),
    );
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    release();
    expect((await Promise.all(answers)).some(({ status }) => status === 200)).toBe(true);
  }, 60_000);

  /** Almost all of a request of 60 MB: what it inflates to in the end is withheld. */
  const most = gzipSync(Buffer.alloc(60 * 1024 * 1024)).subarray(0, -8);

  /** Begins to send it over HTTP. */
  function beginHttp({ httpUrl, headers }: HubProcess) {
    const sender = httpRequest(`${httpUrl}/v1/logs`, {
      method: "POST",
      headers: {
        ...headers,
        "content-type": "application/x-protobuf",
        "content-encoding": "gzip",
      },
    });
    sender.on("error", () => {});
    sender.write(most);
    return sender;
  }

  test("over HTTP: so many bytes at a time, counted after decompression", async () => {
    const own = await startHub();
    const senders = Array.from({ length: 5 }, () => beginHttp(own));
    const [refused] = await Promise.race(senders.map((sender) => once(sender, "response")));
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    for (const sender of senders) {
      sender.destroy();
    }
    const bytes = linesBytes(["t|A_1000|m"]);
    await expect.poll(async () => (await postLogs(own, bytes)).status).toBe(200);
  }, 60_000);

  test("over gRPC: so many bytes at a time, together with HTTP", async () => {
    const own = await startHub();
    const session = connectHttp2(own.grpcUrl, { maxSessionMemory: 1000 });
    onTestFinished(() => session.destroy());
    const streams = Array.from({ length: 6 }, () => {
      const stream = session.request(exportHeaders(own));
      stream.on("error", () => {}).resume();
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(60_000_000, 1);
      stream.write(Buffer.concat([prefix, Buffer.alloc(50_000_000)])); // and no more
      return stream;
    });
    const refused = await Promise.race(
      streams.map(async (stream) => {
        const [trailers] = await once(stream, "trailers");
        return trailers;
      }),
    );
    expect(refused).toMatchObject({
      "grpc-status": "14",
      "grpc-status-details-bin": expect.stringMatching(/./),
    });
    const [answer] = await once(beginHttp(own), "response");
    expect(answer.statusCode).toBe(429);
    const bytes = linesBytes(["t|A_1000|m"]);
    expect(await exportBytes(own, bytes)).toMatchObject({ "grpc-status": "0" });
    for (const stream of streams) {
      stream.close();
    }
    const large = linesBytes(Array.from({ length: 60 }, (_, i) => `${i}|A_1|${"x".repeat(1e6)}`));
    expect(await exportBytes(own, large)).toMatchObject({ "grpc-status": "0" });
  }, 60_000);

  test("over gRPC: what a gzip inflates to counts", async () => {
    const own = await startHub();
    const bytes = gzipSync(Buffer.alloc(60 * 1024 * 1024));
    const answers = Array.from({ length: 20 }, () => exportBytes(own, bytes, { isGzip: true }));
    const statuses = (await Promise.all(answers)).map((headers) => headers["grpc-status"]);
    // Those that are read make no sense.
    expect([...new Set(statuses)].sort()).toEqual(["14", "3"]);
  }, 60_000);
});
