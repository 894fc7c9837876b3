import * as http from "node:http";
import { createServer } from "node:http2";
import { setTimeout } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { createConnectTransport as createWebTransport } from "@connectrpc/connect-web";
import {
  createClientInterceptor,
  createErrorChainTransport,
  defineError,
  errorChain,
  fullCode,
} from "errchain";
import { type Cause, ErrorChainSchema } from "errchain/proto";
import { createServerInterceptor, type ServerInterceptorOptions } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { refusedUrl } from "./support/faults.js";
import { callProbe, failureOf, probeRoutes } from "./support/probe.js";
import { connectTo, listen, startServer } from "./support/servers.js";

// What users, peers and other interceptors do that nobody asked them to do.

const codesOf = (err: unknown) => errorChain(err)?.causes.map(fullCode);

const bankError = defineError({
  system: "BANK",
  code: 500,
  reason: "CLOSED",
  status: "PERMISSION_DENIED",
  message: "the bank is closed",
});

const own = defineError({
  system: "FRONT",
  code: 500,
  reason: "OWN",
  status: "FAILED_PRECONDITION",
  message: "the front cannot go on",
});

/** A client of a peer that does what a handler says. */
async function peer(
  handle: (text: string, signal: AbortSignal) => Promise<string>,
  options: Parameters<typeof createErrorChainTransport>[1] = {},
  interceptors: Interceptor[] = [],
) {
  const url = await startServer("2", probeRoutes(handle));
  const transport = createErrorChainTransport(connectTo("gRPC", url, interceptors), options);
  return createClient(ProbeService, transport);
}

/** The failure of a handler, as the caller of its server sees it. */
async function answerTo(
  handle: (text: string, signal: AbortSignal) => Promise<string>,
  options: ServerInterceptorOptions = {},
  kind: Parameters<typeof callProbe>[1] = "unary",
) {
  const url = await startServer("2", probeRoutes(handle), [
    createServerInterceptor({ system: "FRONT", ...options }),
  ]);
  const client = createClient(ProbeService, connectTo("gRPC", url));
  return failureOf(callProbe(client, kind, "text"));
}

test("an interceptor that gives no response is a fault of this system", async () => {
  const givesNothing: Interceptor = () => async () => undefined as never;
  const url = await startServer(
    "2",
    probeRoutes(async (text) => text),
    [createServerInterceptor({ system: "FRONT" }), givesNothing],
  );
  const client = createClient(ProbeService, connectTo("gRPC", url));
  expect(codesOf(await failureOf(client.unary({})))).toEqual(["FRONT_1"]);
});

test.each(["NotFound", "not_found", 0, 99, Number.NaN, undefined])(
  "an error with the code %s has a status all the same",
  async (code) => {
    const err = await answerTo(() =>
      Promise.reject(Object.assign(new ConnectError("no order"), { code })),
    );
    expect(err).toMatchObject({ code: Code.Unknown, rawMessage: "no order" });
    expect(codesOf(err)).toEqual(["FRONT_1"]);
  },
);

test("a hostile detail of google.rpc costs no time", async () => {
  const empty = Uint8Array.from({ length: 40_000 }, (_, i) => (i % 2 === 0 ? 0x1a : 0));
  const client = await peer(async () => {
    const error = new ConnectError("busy", Code.Unavailable);
    error.details.push({ type: "google.rpc.ErrorInfo", value: empty });
    throw error;
  });
  const startedMs = performance.now();
  expect(codesOf(await failureOf(client.unary({})))).toEqual(["PROBE_ALPHA_1"]);
  expect(performance.now() - startedMs).toBeLessThan(1_500); // it was 2.4 s on an idle machine
});

test("a peer that is not trusted does not get by through the request stream", async () => {
  const liar = await peer(
    async () => {
      throw bankError();
    },
    { peer: { system: "PARTNER" }, trust: "none" },
  );
  // Like many queues, it gives an error that is thrown into it back by next().
  const queue = () => {
    let reject: (reason: unknown) => void = () => {};
    let sent = false;
    const messages: AsyncIterableIterator<{ text: string }> = {
      [Symbol.asyncIterator]: () => messages,
      next() {
        if (!sent) {
          sent = true;
          return Promise.resolve({ done: false, value: { text: "one" } });
        }
        return new Promise((_, rejectNext) => {
          reject = rejectNext;
        });
      },
      throw(reason) {
        reject(reason);
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    return messages;
  };
  const err = await answerTo(
    async () => {
      for await (const { text } of liar.bidiStream(queue())) {
        void text;
      }
      return "";
    },
    { translate: [{ from: { system: "BANK" }, to: own }] },
  );
  expect(codesOf(err)).toEqual(["FRONT_2", "PARTNER_1"]);
});

test("an inner interceptor of ours does not vouch for an untrusted peer", async () => {
  const liar = await peer(
    async () => {
      throw bankError();
    },
    { peer: { system: "PARTNER" }, trust: "none" },
    [createClientInterceptor()],
  );
  expect(codesOf(await failureOf(liar.unary({})))).toEqual(["PARTNER_1"]);
});

test("an untrusted peer sets no code, no help and no args", async () => {
  const detail = { type: "google.rpc.ErrorInfo", value: Uint8Array.from([10, 3, 66, 65, 68]) };
  const liar = await peer(
    async () => {
      const error = new ConnectError("no", Code.NotFound);
      error.details.push(detail);
      throw error;
    },
    { peer: { system: "PARTNER" }, trust: "none" },
  );
  expect(codesOf(await failureOf(liar.unary({})))).toEqual(["PARTNER_1"]);
});

/** A client of an untrusted peer that answers in JSON, as unary calls of Connect are. */
async function untrusted(answer: object) {
  const server = http.createServer((req, res) => {
    req.resume();
    res.writeHead(503, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  const transport = connectTo("Connect over HTTP/1.1", await listen(server));
  const options = { peer: { system: "PARTNER" }, trust: "none" } as const;
  return createClient(ProbeService, createErrorChainTransport(transport, options));
}

test("half of a surrogate pair does not make an untrusted peer a trusted one", async () => {
  const chain = create(ErrorChainSchema, { causes: [{ system: "BANK", code: "500" }] });
  const client = await untrusted({
    code: "unavailable",
    message: `\ud800${"x".repeat(6_000)}`,
    details: [
      {
        type: ErrorChainSchema.typeName,
        value: base64Encode(toBinary(ErrorChainSchema, chain)),
      },
    ],
  });
  const err = await failureOf(client.unary({}));
  expect(codesOf(err)).toEqual(["PARTNER_1"]);
  expect(errorChain(err)?.causes[0]?.message).toMatch(/^\ufffdx+…$/);
});

test("of what an untrusted peer claims, 512 bytes are kept", async () => {
  const liar = await peer(
    async () => {
      const causes = Array.from({ length: 8 }, () => ({
        system: "BANK",
        code: "500",
        message: "ü".repeat(100),
      }));
      const details = [{ desc: ErrorChainSchema, value: { causes } }];
      throw new ConnectError("no", Code.NotFound, {}, details);
    },
    { peer: { system: "PARTNER" }, trust: "none" },
  );
  const claim = errorChain(await failureOf(liar.unary({})))?.causes[0]?.privateArgs["claim"] ?? "";
  expect(claim).toMatch(/^BANK_500 ü+ ← BANK_500 .*…$/);
  expect(Buffer.byteLength(claim)).toBeGreaterThan(508);
  expect(Buffer.byteLength(claim)).toBeLessThanOrEqual(512);
});

test("an error that somebody has frozen does not carry what an untrusted peer claims", async () => {
  const freeze: Interceptor = (next) => (req) =>
    next(req).catch((err) => {
      throw Object.freeze(err);
    });
  const fail = () => Promise.reject(bankError());
  const client = await peer(fail, { peer: { system: "PARTNER" }, trust: "none" }, [freeze]);
  expect(codesOf(await failureOf(client.unary({})))).toBeUndefined();
});

test("nor does one that somebody has made unreadable", async () => {
  const spoil: Interceptor = (next) => (req) =>
    next(req).catch((err) => {
      throw Object.assign(err, { rawMessage: 5 });
    });
  const fail = async () => {
    const err = bankError();
    err.metadata.set("grpc-retry-pushback-ms", "-1");
    throw err;
  };
  const client = await peer(fail, { peer: { system: "PARTNER" }, trust: "none" }, [spoil]);
  const err = (await failureOf(client.unary({}))) as ConnectError;
  expect(codesOf(err)).toBeUndefined();
  expect(err.metadata.get("grpc-retry-pushback-ms")).toBeNull();
});

test("details by the thousand cost no time", async () => {
  // An entry of metadata: a name of two characters, and an empty value.
  const names = "abcdefghijklmnop".split("").map((char) => char.charCodeAt(0));
  const details = Array.from({ length: 3_000 }, (_, n) => {
    const entries = names.map((char) => [0x1a, 6, 10, 4, char, 48 + (n >> 8), 48 + (n & 63), 120]);
    return { type: "google.rpc.ErrorInfo", value: base64Encode(Uint8Array.from(entries.flat())) };
  });
  const client = await untrusted({ code: "unavailable", details });
  const startedMs = performance.now();
  expect(codesOf(await failureOf(client.unary({})))).toEqual(["PARTNER_1"]);
  expect(performance.now() - startedMs).toBeLessThan(1_500); // it was more than 5 s
});

test.each([
  ["grpc-retry-pushback-ms", "2147483647", "10000"],
  ["grpc-retry-pushback-ms", "700", "700"],
  ["grpc-retry-pushback-ms", "-1", null],
  ["retry-after", "86400", "10000"],
])("of an untrusted peer's %s %s our callers see %s", async (header, value, passedOn) => {
  const busy = new ConnectError("busy", Code.Unavailable, { [header]: value });
  const client = await peer(() => Promise.reject(busy), { trust: "none" });
  const err = await answerTo(async () => (await client.unary({})).text);
  expect(codesOf(err)).toEqual(["FRONT_2", "PROBE_ALPHA_1"]);
  expect((err as ConnectError).metadata.get("grpc-retry-pushback-ms")).toBe(passedOn);
});

test.each([
  ["grpc-retry-pushback-ms", "2147483647", "10000"],
  ["grpc-retry-pushback-ms", "-1", null],
  ["retry-after", "86400", "10000"],
])("of its %s %s with an answer that is no RPC's, too", async (header, value, passedOn) => {
  const url = await listen(
    http.createServer((_, res) => res.writeHead(503, { [header]: value }).end("busy")),
  );
  const transport = connectTo("Connect over HTTP/1.1", url);
  const client = createClient(
    ProbeService,
    createErrorChainTransport(transport, { peer: { system: "PARTNER" }, trust: "none" }),
  );
  const err = await answerTo(async () => (await client.unary({})).text);
  expect(codesOf(err)).toEqual(["FRONT_2", "PARTNER_3"]);
  expect((err as ConnectError).metadata.get("grpc-retry-pushback-ms")).toBe(passedOn);
});

test("an untrusted peer's RetryInfo counts up to ten seconds", async () => {
  const busy = new ConnectError("busy", Code.Unavailable);
  const thirtyDays = Uint8Array.of(10, 5, 8, 0x80, 0x9a, 0x9e, 1);
  busy.details.push({ type: "google.rpc.RetryInfo", value: thirtyDays });
  const client = await peer(() => Promise.reject(busy), { trust: "none" });
  const err = await answerTo(async () => (await client.unary({})).text);
  expect((err as ConnectError).metadata.get("grpc-retry-pushback-ms")).toBe("10000");
});

test("a damaged chain is mended once, for all who read it", async () => {
  const damaged = Uint8Array.of(10, 11, 10, 1, 65, 26, 1, 49, 34, 3, 66, 0xff, 67);
  const err = new ConnectError("no", Code.NotFound);
  err.details.push({ type: ErrorChainSchema.typeName, value: damaged });
  const client = await peer(() => Promise.reject(err));
  const { details } = (await failureOf(client.unary({}))) as ConnectError;
  const [detail] = details as { value: Uint8Array }[];
  const chain = fromBinary(ErrorChainSchema, detail?.value ?? new Uint8Array());
  expect(chain.causes.map(({ reason }) => reason)).toContain("B\ufffdC");
});

test("a server that shuts down says so, and blames no caller", async () => {
  const shutdown = new AbortController();
  const back = await peer(() => new Promise(() => {}));
  const handler = connectNodeAdapter({
    routes: probeRoutes(async (text, signal) => {
      if (text === "call") {
        return (await back.unary({})).text;
      }
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    }),
    interceptors: [createServerInterceptor({ system: "FRONT" })],
    shutdownSignal: shutdown.signal,
  });
  const client = createClient(ProbeService, connectTo("gRPC", await listen(createServer(handler))));
  const calls = [client.unary({}), client.unary({ text: "call" })].map(failureOf);
  await setTimeout(200);
  shutdown.abort(new ConnectError("server is shutting down", Code.Unavailable));
  for (const err of await Promise.all(calls)) {
    expect(err).toMatchObject({ code: Code.Unavailable });
  }
  expect(codesOf(await calls[0])).toEqual(["FRONT_1"]);
});

describe("the error of a call does not get lost", () => {
  test("whatever it was aborted with", async () => {
    const client = await peer(() => new Promise(() => {}));
    const reasons = [
      new ConnectError("gone", Code.Unavailable),
      Object.freeze(new ConnectError("late", Code.DeadlineExceeded)),
      "text",
      null,
      Symbol("odd"),
    ];
    for (const reason of reasons) {
      const abort = new AbortController();
      const call = failureOf(client.unary({}, { signal: abort.signal }));
      await setTimeout(20);
      abort.abort(reason);
      const err = await call;
      const expected = reason instanceof ConnectError ? reason.code : Code.Canceled;
      expect(err).toMatchObject({ code: expected });
    }
  });

  test("where an interceptor has frozen it, or taken its details away", async () => {
    for (const spoil of [
      (error: ConnectError) => Object.freeze(error),
      (error: ConnectError) => Object.assign(error, { details: undefined }),
      (error: ConnectError) => Object.assign(error, { details: [null, 5] }),
    ]) {
      const spoiler: Interceptor = (next) => async (req) => {
        try {
          return await next(req);
        } catch (err) {
          throw spoil(err as ConnectError);
        }
      };
      const client = await peer(
        async () => {
          throw new ConnectError("missing", Code.NotFound);
        },
        {},
        [spoiler],
      );
      expect(await failureOf(client.unary({}))).toMatchObject({ code: Code.NotFound });
      const err = await answerTo(async () => {
        throw spoil(new ConnectError("missing", Code.NotFound));
      });
      expect(err).toMatchObject({ code: Code.NotFound });
      expect(codesOf(err)).toEqual(["FRONT_1"]);
    }
  });
});

test("two requests that share a signal do not see each other's calls", async () => {
  const url = await startServer(
    "2",
    probeRoutes(() => new Promise(() => {})),
  );
  const clientOf = (system: string) =>
    createClient(
      ProbeService,
      connectTo("gRPC", url, [createClientInterceptor({ peer: { system } })]),
    );
  const budget = new AbortController();
  const front = await startServer(
    "2",
    probeRoutes(
      async (system) => (await clientOf(system).unary({}, { signal: budget.signal })).text,
    ),
    [createServerInterceptor({ system: "FRONT" })],
  );
  const client = createClient(ProbeService, connectTo("gRPC", front));
  const calls = ["AAA", "BBB"].map((text) => failureOf(client.unary({ text })));
  await setTimeout(150);
  budget.abort(new ConnectError("budget", Code.DeadlineExceeded));
  expect((await Promise.all(calls)).map(codesOf)).toEqual([
    ["FRONT_2", "AAA_4"],
    ["FRONT_2", "BBB_4"],
  ]);
});

describe("what failed on this side is no failure of the peer", () => {
  test("but a refused connection of fetch() is one", async () => {
    const transport = createErrorChainTransport(createWebTransport({ baseUrl: refusedUrl }));
    const err = await failureOf(createClient(ProbeService, transport).unary({}));
    expect(err).toMatchObject({ code: Code.Unavailable });
    expect(codesOf(err)).toEqual(["PROBE_ALPHA_3"]);
  });

  test("a request that is too large to be written", async () => {
    const baseUrl = await startServer(
      "2",
      probeRoutes(async () => "unused"),
    );
    const inner = createGrpcTransport({ baseUrl, writeMaxBytes: 5 });
    const client = createClient(ProbeService, createErrorChainTransport(inner));
    const err = await failureOf(client.unary({ text: "longer than that" }));
    expect(err).toMatchObject({ code: Code.ResourceExhausted });
    expect(errorChain(err)).toBeUndefined();
  });

  test.each([
    ["a refusal", () => new ConnectError("no token", Code.Unauthenticated), Code.Unauthenticated],
    ["a bug", () => new TypeError("x is undefined"), Code.Unknown],
  ])("%s of another interceptor", async (_, make, code) => {
    const broken: Interceptor = () => () => {
      throw make();
    };
    const client = await peer(async () => "unused", {}, [broken]);
    const err = await failureOf(client.unary({}));
    expect(ConnectError.from(err).code).toBe(code);
    expect(errorChain(err)).toBeUndefined();
  });

  test("what a request stream throws stays private", async () => {
    const back = await peer(async () => "unused");
    const secret = "cannot read /etc/secret/key of db at 10.1.2.3:5432";
    for (const client of [
      back,
      createClient(
        ProbeService,
        connectTo(
          "gRPC",
          await startServer(
            "2",
            probeRoutes(async () => ""),
          ),
          [createClientInterceptor()],
        ),
      ),
    ]) {
      const err = await answerTo(async () => {
        const requests = async function* () {
          yield { text: "one" };
          throw new Error(secret);
        };
        return (await client.clientStream(requests())).text;
      });
      expect((err as ConnectError).message).not.toContain("10.1.2.3");
      expect(errorChain(err)?.causes).toMatchObject([
        { system: "FRONT", code: "1", message: expect.not.stringContaining("10.1.2.3") },
      ]);
    }
  });
});

describe("what was recovered from is no cause", () => {
  const flaky = async () => {
    let calls = 0;
    return peer(async (text) => {
      calls++;
      if (calls === 1 || text.startsWith("fail")) {
        throw new ConnectError("not now", Code.Unavailable);
      }
      await setTimeout(30);
      return text;
    });
  };

  test("by a call beside it", async () => {
    const back = await flaky();
    const err = await answerTo(async () => {
      await Promise.any([back.unary({ text: "a" }), back.unary({ text: "a" })]);
      throw own();
    });
    expect(codesOf(err)).toEqual(["FRONT_500"]);
  });

  test("by an answer that has gone on", async () => {
    const back = await flaky();
    const url = await startServer(
      "2",
      (router) =>
        router.service(ProbeService, {
          async *serverStream() {
            await failureOf(back.unary({ text: "fail" }));
            yield { text: "all the same" };
            throw own();
          },
        }),
      [createServerInterceptor({ system: "FRONT" })],
    );
    const client = createClient(ProbeService, connectTo("gRPC", url));
    expect(codesOf(await failureOf(callProbe(client, "serverStream", "")))).toEqual(["FRONT_500"]);
  });

  test("but not by another request in the same object, or another stream", async () => {
    const back = await flaky();
    const reused = { text: "fail" };
    const mutating = await answerTo(async () => {
      await failureOf(back.unary(reused));
      reused.text = "fine";
      await back.unary(reused);
      throw own();
    });
    expect(codesOf(mutating)).toEqual(["FRONT_500", "PROBE_ALPHA_1"]);
    const streaming = await answerTo(async () => {
      const send = async function* (last: string) {
        yield { text: "head" };
        yield { text: last };
      };
      await failureOf(back.clientStream(send("fail")));
      await back.clientStream(send("fine"));
      throw own();
    });
    expect(codesOf(streaming)).toEqual(["FRONT_500", "PROBE_ALPHA_1"]);
  });
});

test("a hop without the library that serves the same procedure is named, if it has a name", async () => {
  const back = await startServer(
    "2",
    probeRoutes(async () => {
      throw bankError();
    }),
    [createServerInterceptor({ system: "BANK" })],
  );
  const middle = await startServer(
    "2",
    probeRoutes(
      async () => (await createClient(ProbeService, connectTo("gRPC", back)).unary({})).text,
    ),
  );
  const transport = createErrorChainTransport(connectTo("gRPC", middle), {
    peer: { system: "MIDDLE" },
  });
  const err = await failureOf(createClient(ProbeService, transport).unary({}));
  expect(codesOf(err)).toEqual(["MIDDLE_2", "BANK_500"]);
});

test("what a classifier gives is bounded like everything else", async () => {
  const err = await answerTo(
    async () => {
      throw new Error("disk");
    },
    { classify: () => ({ system: "DISK", code: "FULL", args: { a: "z".repeat(1_000_000) } }) },
  );
  expect(codesOf(err)).toEqual(["FRONT_2", "DISK_FULL"]);
  const detail = (err as ConnectError).details.find(
    (each) => "type" in each && each.type === ErrorChainSchema.typeName,
  );
  expect(detail && "value" in detail && (detail.value as Uint8Array).length).toBeLessThan(4_097);
});

test("a classifier may give the chain of another library's error, with causes in it", async () => {
  const found = create(ErrorChainSchema, { causes: [{ system: "BANK", code: "500" }] });
  for (const [chain, codes, status] of [
    [found, ["FRONT_2", "BANK_500"], Code.Internal], // no hop has said a status
    [create(ErrorChainSchema), ["FRONT_1"], Code.Internal],
  ] as const) {
    const err = await answerTo(() => Promise.reject(new Error("odd")), { classify: () => chain });
    expect(codesOf(err)).toEqual(codes);
    expect(err).toMatchObject({ code: status });
  }
});

test("without trace propagation, nothing is sent", async () => {
  const headers: (string | null)[] = [];
  const noteHeader: Interceptor = (next) => (req) => {
    headers.push(req.header.get("traceparent"));
    return next(req);
  };
  for (const propagateTrace of [false, true]) {
    const back = await peer(async () => "fine", { propagateTrace }, [noteHeader]);
    await answerTo(async () => {
      await back.unary({});
      throw own();
    });
  }
  expect(headers).toEqual([null, expect.stringMatching(/^00-/)]);
});

test("what a classifier gives instead of texts is written as text", async () => {
  const err = await answerTo(
    async () => {
      throw Object.assign(new Error("duplicate key"), { line: 42 });
    },
    {
      classify: () => ({
        system: "PG",
        code: 23505,
        reason: 23505 as never,
        privateArgs: { line: 42 as never },
      }),
    },
  );
  expect(codesOf(err)).toEqual(["FRONT_2", "PG_23505"]);
  expect(errorChain(err)?.causes[1]?.privateArgs["line"]).toBe("42");
});

test("a call that timed out is one cause, also where its signal's reason is thrown beside it", async () => {
  const client = await peer(() => setTimeout(5_000, "late"));
  const err = await answerTo(async () => {
    const signal = AbortSignal.timeout(50);
    const thrown = await failureOf(client.unary({}, { signal }));
    throw new AggregateError([thrown, signal.reason]);
  });
  expect(codesOf(err)).toEqual(["FRONT_2", "PROBE_ALPHA_4"]);
});

test("a detail is the same when it is copied, and holes among details are none", () => {
  const error = own({}, { cause: bankError() });
  const [detail] = error.details;
  for (const copy of [{ ...detail }, structuredClone(detail)]) {
    const other = new ConnectError("other");
    other.details = Object.assign(Array(2), { 1: copy });
    expect(codesOf(other)).toEqual(["FRONT_500", "BANK_500"]);
  }
});

test("what a sink does to a report is not in the next one", async () => {
  const busy = defineError({ ...own, code: 501, message: "busy", retry: "DO_NOT_RETRY" });
  const seen: (number | undefined)[] = [];
  const onError = [
    ({ cause }: { readonly cause: Cause }) => {
      seen.push(cause.retry?.attempts);
      Object.assign(cause.retry ?? {}, { attempts: 9 });
    },
  ];
  for (let times = 0; times < 2; times++) {
    await answerTo(() => Promise.reject(busy()), { onError });
  }
  expect(seen).toEqual([0, 0]);
});

test("what is no cause forbids no retry", async () => {
  const noCause = Uint8Array.of(0x0a, 4, 0x5a, 2, 0x08, 2); // only retry { advice: DO_NOT_RETRY }
  const err = await answerTo(async () => {
    const thrown = new ConnectError("busy", Code.Unavailable);
    thrown.details.push({ type: ErrorChainSchema.typeName, value: noCause });
    throw thrown;
  });
  expect(ConnectError.from(err).code).toBe(Code.Unavailable);
  expect(ConnectError.from(err).metadata.get("grpc-retry-pushback-ms")).toBeNull();
});
