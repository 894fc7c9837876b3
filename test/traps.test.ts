import { once } from "node:events";
import * as http2 from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { defineError, errorChain, fullCode } from "errchain";
import { ErrorChainSchema, Provenance } from "errchain/proto";
import type { ErrorReport } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { ProbeService, UnaryRequestSchema, UnaryResponseSchema } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, probeRoutes } from "./support/probe.js";
import {
  connectTo,
  httpVersionOf,
  type Protocol,
  protocols,
  startServer,
} from "./support/servers.js";

// What makes connect-es and its peers lose an error, hang a call or show a
// failure as success. Each trap is shown on a bare server first, so that a guard
// which is no longer needed is noticed.

// connect-node writes about the errors that it loses.
beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});

const TIMEOUT_MS = 700;

const oddError = defineError({
  system: "PROBE",
  module: "ALPHA",
  code: 20002,
  reason: "ODD",
  status: "ALREADY_EXISTS",
  message: "{text}",
});

/** Calls a server that throws, and gives what its caller gets. */
async function failOver(
  protocol: Protocol,
  error: () => unknown,
  interceptors: Interceptor[],
): Promise<unknown> {
  const baseUrl = await startServer(
    httpVersionOf(protocol),
    probeRoutes(() => Promise.reject(error())),
    interceptors,
  );
  const client = createClient(ProbeService, connectTo(protocol, baseUrl));
  return failureOf(callProbe(client, "unary", "", { timeoutMs: TIMEOUT_MS }));
}

const guarded = () => [createServerInterceptor()];

describe("a lone surrogate in the message", () => {
  const error = () => new ConnectError("half a \ud83d smile", Code.AlreadyExists);

  test.each(["gRPC", "gRPC-Web over HTTP/2"] as const)("hangs a bare call over %s", async (p) => {
    expect(await failOver(p, error, [])).toMatchObject({ code: Code.DeadlineExceeded });
  });

  test.each(protocols)("arrives as U+FFFD over %s", async (protocol) => {
    for (const thrown of [error, () => oddError({ text: "half a \ud83d smile" })]) {
      expect(await failOver(protocol, thrown, guarded())).toMatchObject({
        code: Code.AlreadyExists,
        rawMessage: "half a \ufffd smile",
      });
    }
  });
});

describe("a detail that does not serialise", () => {
  const error = () =>
    new ConnectError("bad detail", Code.AlreadyExists, undefined, [
      { desc: UnaryRequestSchema, value: { text: "good" } },
      { desc: ErrorChainSchema, value: { causes: [{ branches: -1 }] } },
      { desc: UnaryResponseSchema, value: Object.create(null, { text: { get: throwing } }) },
    ]);
  function throwing() {
    throw new Error("a getter that throws");
  }

  test.each(["Connect over HTTP/1.1", "gRPC"] as const)("hangs a bare call over %s", async (p) => {
    expect(await failOver(p, error, [])).toMatchObject({ code: Code.DeadlineExceeded });
  });

  test.each(protocols)("is left out over %s, and the others stay", async (protocol) => {
    const reports: ErrorReport[] = [];
    const onError = [(report: ErrorReport) => reports.push(report)];
    const err = await failOver(protocol, error, [createServerInterceptor({ onError })]);
    expect(err).toMatchObject({ code: Code.AlreadyExists, rawMessage: "bad detail" });
    expect((err as ConnectError).findDetails(UnaryRequestSchema)).toMatchObject([{ text: "good" }]);
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["PROBE_ALPHA_1"]);
    expect(reports[0]?.truncated).toEqual([UnaryResponseSchema.typeName]);
  });
});

describe("a detail whose value is no bytes, as in the JSON of an error", () => {
  const error = () => {
    const err = new ConnectError("bad detail", Code.AlreadyExists);
    err.details = [{ type: "acme.v1.Odd", value: "aGk" } as never];
    return err;
  };

  test("hangs a bare call over gRPC", async () => {
    expect(await failOver("gRPC", error, [])).toMatchObject({ code: Code.DeadlineExceeded });
  });

  test.each(protocols)("is left out over %s", async (protocol) => {
    const reports: ErrorReport[] = [];
    const onError = [(report: ErrorReport) => reports.push(report)];
    const err = await failOver(protocol, error, [createServerInterceptor({ onError })]);
    expect(err).toMatchObject({ code: Code.AlreadyExists, rawMessage: "bad detail" });
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["PROBE_ALPHA_1"]);
    expect(reports[0]?.truncated).toEqual(["acme.v1.Odd"]);
  });
});

describe("a readable copy of a detail that cannot be written as JSON", () => {
  // JSON.parse() reads what JSON.stringify() cannot write, so a peer may send it.
  const error = () => {
    const err = new ConnectError("deep", Code.AlreadyExists);
    const debug = JSON.parse("[".repeat(50_000) + "]".repeat(50_000));
    err.details = [{ type: "acme.v1.Odd", value: Uint8Array.of(8, 1), debug }];
    return err;
  };

  test("hangs a bare call over Connect", async () => {
    const bare = await failOver("Connect over HTTP/1.1", error, []);
    expect(bare).toMatchObject({ code: Code.DeadlineExceeded });
  });

  test.each(protocols)("does no harm over %s, and the detail arrives", async (protocol) => {
    const err = await failOver(protocol, error, guarded());
    expect(err).toMatchObject({ code: Code.AlreadyExists, rawMessage: "deep" });
    expect((err as ConnectError).details[0]).toEqual({
      type: "acme.v1.Odd",
      value: Uint8Array.of(8, 1),
    });
  });
});

describe.each([
  {
    what: "headers of a connection in the metadata, as in that of an error from HTTP/1.1,",
    metadata: { connection: "keep-alive", "keep-alive": "timeout=5", "x-small": "kept" },
    hangs: "Connect over HTTP/2",
    leftOut: ["connection", "keep-alive"],
  },
  {
    what: "control characters in the metadata, as a stream's end in JSON may bring them,",
    metadata: { "x-control": "a\u0001b", "x-delete": "\u007f", "x-small": "kept\té" },
    hangs: "Connect over HTTP/1.1",
    leftOut: ["x-control", "x-delete"],
  },
] as const)("$what", ({ metadata, hangs, leftOut }) => {
  const error = () => new ConnectError("meta", Code.AlreadyExists, metadata);

  test("hang a bare call", async () => {
    expect(await failOver(hangs, error, [])).toMatchObject({ code: Code.DeadlineExceeded });
  });

  test.each(protocols)("do no harm over %s", async (protocol) => {
    const reports: ErrorReport[] = [];
    const onError = [(report: ErrorReport) => reports.push(report)];
    const err = await failOver(protocol, error, [createServerInterceptor({ onError })]);
    expect(err).toMatchObject({ code: Code.AlreadyExists, rawMessage: "meta" });
    expect((err as ConnectError).metadata.get("x-small")).toMatch(/^kept/);
    // Trailers of gRPC-Web are a part of the body.
    const isInBody = protocol.startsWith("gRPC-Web");
    expect(reports[0]?.truncated).toEqual(isInBody ? [] : leftOut);
  });
});

describe("trailers of 64 KiB and more on gRPC", () => {
  const large = (bytes: number) => ({
    desc: UnaryRequestSchema,
    value: { text: "x".repeat(bytes) },
  });

  test.each([
    ["message", () => new ConnectError("x".repeat(70_000), Code.AlreadyExists)],
    ["detail", () => new ConnectError("", Code.AlreadyExists, undefined, [large(50_000)])],
  ])("lose a bare error: %s", async (_, error) => {
    expect(await failOver("gRPC", error, [])).toMatchObject({ code: Code.Internal });
  });

  test.each(["x", "é", "没", "🚚", " ", "\n", "\u0000"])(
    "do not come about, however long the message of %j",
    async (char) => {
      for (const length of [600, 5_000, 20_000, 100_000, 1_000_000]) {
        const message = char.repeat(length / char.length);
        const reports: ErrorReport[] = [];
        const onError = [(report: ErrorReport) => reports.push(report)];
        const err = await failOver("gRPC", () => oddError({ text: message }), [
          createServerInterceptor({ onError }),
        ]);
        expect(err).toMatchObject({ code: Code.AlreadyExists });
        expect(errorChain(err)?.causes).toMatchObject([
          { code: "20002", status: Code.AlreadyExists, provenance: Provenance.RAISED },
        ]);
        const { rawMessage } = err as ConnectError;
        if (reports[0]?.truncated.includes("message")) {
          expect(message.startsWith(rawMessage.slice(0, -1))).toBe(true);
          expect(rawMessage.at(-1)).toBe("…");
          expect(rawMessage.length).toBeGreaterThan(3_000);
        } else {
          expect(rawMessage).toBe(message);
        }
      }
    },
  );

  test("make the largest details go, then the message shrink, and the report says so", async () => {
    const reports: ErrorReport[] = [];
    const onError = [(report: ErrorReport) => reports.push(report)];
    const error = () => {
      const err = new ConnectError("y".repeat(9_000), Code.AlreadyExists);
      err.details.push(large(20_000), large(45_000));
      return err;
    };
    const err = await failOver("gRPC", error, [createServerInterceptor({ onError })]);
    expect(err).toMatchObject({ code: Code.AlreadyExists, rawMessage: "y".repeat(9_000) });
    expect((err as ConnectError).findDetails(UnaryRequestSchema)).toMatchObject([
      { text: "x".repeat(20_000) },
    ]);
    expect(reports[0]?.truncated).toEqual([UnaryRequestSchema.typeName]);
  });

  test("are no matter for the other protocols", async () => {
    for (const protocol of protocols.filter((p) => p !== "gRPC")) {
      const message = "没".repeat(30_000);
      const err = await failOver(
        protocol,
        () => new ConnectError(message, Code.AlreadyExists, undefined, [large(100_000)]),
        guarded(),
      );
      expect(err).toMatchObject({ code: Code.AlreadyExists, rawMessage: message });
      expect((err as ConnectError).findDetails(UnaryRequestSchema)).toHaveLength(1);
    }
  });
});

test("with a message of up to 512 bytes, the trailers stay under 7,800 bytes", async () => {
  const args = Array.from({ length: 20 }, (_, n) => [`arg${n}`, "x".repeat(500)]);
  const cause = create(ErrorChainSchema, {
    causes: [{ system: "BELOW", code: "100", args: Object.fromEntries(args) }],
  });
  const below = new ConnectError("", Code.Internal, undefined, [
    { desc: ErrorChainSchema, value: cause },
  ]);
  // What a patient one adds: RetryInfo, and a pushback.
  const patientError = defineError({
    system: "PROBE",
    code: 20003,
    reason: "PATIENT",
    status: "ALREADY_EXISTS",
    message: "{text}",
    retryDelayMs: 2_000_000_000,
  });
  let raise: typeof oddError | typeof patientError = oddError;
  const baseUrl = await startServer(
    "2",
    probeRoutes(async (text) => {
      throw raise({ text }, { cause: below });
    }),
    [createServerInterceptor({ maxBytes: 1_000_000, googleDetails: true })],
  );
  const messages = ["", "x".repeat(512), " ".repeat(512), "没".repeat(170), "\n".repeat(512)];
  for (const message of [...messages, ...fc.sample(fc.string({ maxLength: 128 }), 50)]) {
    for (raise of [oddError, patientError]) {
      const size = await trailerBytes(baseUrl, message.toWellFormed());
      expect(size).toBeLessThan(7_800);
      expect(size).toBeGreaterThan(7_000); // the room is used
    }
  }
});

/** The size of the trailers of a failed gRPC call as they come from the socket. */
async function trailerBytes(baseUrl: string, text: string): Promise<number> {
  const message = toBinary(UnaryRequestSchema, create(UnaryRequestSchema, { text }));
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  const session = http2.connect(baseUrl);
  const stream = session.request({
    ":method": "POST",
    ":path": "/probe.v1.ProbeService/Unary",
    "content-type": "application/grpc+proto",
    te: "trailers",
  });
  stream.end(frame).resume();
  const [trailers] = await once(stream, "trailers");
  session.destroy();
  expect(trailers["grpc-status"]).toBe(String(Code.AlreadyExists));
  const sizes = Object.entries<string>(trailers).map(([k, v]) => k.length + v.length + 32);
  return sizes.reduce((sum, size) => sum + size, 0);
}

test("a status of 0, which would look like success, is sent as UNKNOWN", async () => {
  for (const protocol of protocols) {
    for (const code of [0, 17, -1]) {
      const err = await failOver(protocol, () => new ConnectError("odd status", code), guarded());
      expect(err).toMatchObject({ code: Code.Unknown, rawMessage: "odd status" });
    }
  }
});

test("whatever is thrown, the call fails with INTERNAL", async () => {
  const trap = () => {
    throw new Error("no access");
  };
  const hostile = new Proxy(new Error("hostile"), { get: trap, getPrototypeOf: trap, has: trap });
  const circle: { cause?: unknown } = new Error("circle");
  circle.cause = new Error("back", { cause: circle });
  const broken = new ConnectError("broken", Code.Internal);
  Object.assign(broken, { rawMessage: undefined });
  const values = [null, 0, Symbol("s"), Object.create(null), () => {}, hostile, circle, broken];
  for (const value of values) {
    const err = await failOver("gRPC", () => value, guarded());
    expect(err).toMatchObject({ code: Code.Internal });
  }
});

test("a sink that throws, rejects or never ends harms no answer", async () => {
  const onError = [
    () => {
      throw new Error("sink");
    },
    () => Promise.reject(new Error("sink")),
    () => new Promise(() => {}),
  ];
  const err = await failOver("gRPC", () => oddError({ text: "odd" }), [
    createServerInterceptor({ onError }),
  ]);
  expect(err).toMatchObject({ code: Code.AlreadyExists });
});

test("one error thrown for many requests is not changed by any of them", async () => {
  const constant = new ConnectError("always the same", Code.AlreadyExists);
  const baseUrl = await startServer(
    "2",
    probeRoutes(() => Promise.reject(constant)),
    guarded(),
  );
  const client = createClient(ProbeService, connectTo("gRPC", baseUrl));
  for (let n = 0; n < 3; n++) {
    const err = await failureOf(callProbe(client, "unary", ""));
    expect(errorChain(err)?.causes).toHaveLength(1);
  }
  expect(constant.details).toEqual([]);
});

test("an error of any message arrives over gRPC with its status and chain", async () => {
  let text = "";
  const baseUrl = await startServer(
    "2",
    probeRoutes(() => Promise.reject(oddError({ text }))),
    guarded(),
  );
  const client = createClient(ProbeService, connectTo("gRPC", baseUrl));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 2_000 }),
        fc
          .string({ unit: "binary", minLength: 1, maxLength: 9 })
          .chain((part) => fc.nat({ max: 20_000 }).map((times) => part.repeat(times))),
      ),
      async (message) => {
        text = message;
        const err = await failureOf(callProbe(client, "unary", "", { timeoutMs: 5_000 }));
        expect(err).toMatchObject({ code: Code.AlreadyExists });
        expect(errorChain(err)?.causes.map(fullCode)).toEqual(["PROBE_ALPHA_20002"]);
      },
    ),
    { numRuns: 200 },
  );
});

test.each(["Connect over HTTP/1.1", "Connect over HTTP/2", "gRPC"] as const)(
  "a header too large for %s is left out, and the report says so",
  async (protocol) => {
    const reports: ErrorReport[] = [];
    const onError = [(report: ErrorReport) => reports.push(report)];
    const metadata = { "x-big": "v".repeat(70_000), "x-small": "kept" };
    const error = () => new ConnectError("meta", Code.AlreadyExists, metadata);
    expect(await failOver(protocol, error, [])).toMatchObject({ code: Code.Internal });
    const err = await failOver(protocol, error, [createServerInterceptor({ onError })]);
    expect(err).toMatchObject({ code: Code.AlreadyExists, rawMessage: "meta" });
    expect((err as ConnectError).metadata.get("x-small")).toBe("kept");
    expect(reports[0]?.truncated).toEqual(["x-big"]);
  },
);

describe("more headers than a client takes", () => {
  const metadata = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, "v"]));
  const error = (count: number) => () =>
    new ConnectError("meta", Code.AlreadyExists, { ...metadata(count), "retry-after": "7" });

  test.each(["Connect over HTTP/2", "gRPC"] as const)("lose a bare error over %s", async (p) => {
    expect(await failOver(p, error(150), [])).toMatchObject({ code: Code.Internal });
  });

  test.each(protocols)("do no harm over %s, and the report says so", async (protocol) => {
    for (const count of [90, 150, 5_000]) {
      const reports: ErrorReport[] = [];
      const onError = [(report: ErrorReport) => reports.push(report)];
      const err = await failOver(protocol, error(count), [createServerInterceptor({ onError })]);
      expect(err).toMatchObject({ code: Code.AlreadyExists, rawMessage: "meta" });
      const { metadata } = err as ConnectError;
      expect(metadata.get("retry-after")).toBe("7");
      const kept = [...metadata.keys()].filter((name) => /^x-\d/.test(name)).length;
      // Trailers of gRPC-Web are a part of the body. The server adds a pushback.
      const isWhole = protocol.startsWith("gRPC-Web") || count === 90;
      expect(kept).toBe(isWhole ? count : 98);
      expect(reports[0]?.truncated).toHaveLength(count - kept);
    }
  });
});
