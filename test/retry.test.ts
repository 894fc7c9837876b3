import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  type CallOptions,
  Code,
  ConnectError,
  createClient,
  createContextKey,
  createContextValues,
  type Interceptor,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createConnectTransport as createWebTransport } from "@connectrpc/connect-web";
import {
  createClientInterceptor,
  createErrorChainTransport,
  createRetryInterceptor,
  defineError,
  errorChain,
  type RetryEvent,
  type RetryInterceptorOptions,
  retryHistory,
} from "errchain";
import { Provenance } from "errchain/proto";
import { createServerInterceptor, type ServerInterceptorOptions } from "errchain/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { RetryService } from "./gen/retry/v1/retry_pb.js";
import { refusedUrl } from "./support/faults.js";
import { failureOf } from "./support/probe.js";
import { connectTo, httpVersionOf, listen, type Protocol, protocols } from "./support/servers.js";

const SOON = { initialDelayMs: 5, maxDelayMs: 20, budget: { maxTokens: 1000 } };

type Method = "read" | "put" | "post";

/** Calls with retries, with the client interceptor inside unless told otherwise. */
function connect(
  protocol: Protocol,
  url: string,
  options: RetryInterceptorOptions = SOON,
  withChain = true,
) {
  const interceptors = [
    createRetryInterceptor(options),
    ...(withChain ? [createClientInterceptor()] : []),
  ];
  const client = createClient(RetryService, connectTo(protocol, url, interceptors));
  return (method: Method, callOptions?: CallOptions) => client[method]({}, callOptions);
}

/** What a peer does with its nth call, 1 for the first: it answers, or throws. */
type Behavior = (call: number, request: { header: Headers }) => unknown;

interface Peer {
  readonly url: string;
  /** When it was called. */
  readonly calls: number[];
}

async function startPeer(
  protocol: Protocol,
  behavior: Behavior,
  server?: ServerInterceptorOptions | "bare",
): Promise<Peer> {
  const calls: number[] = [];
  const handle = async (_: unknown, { requestHeader }: { requestHeader: Headers }) => {
    calls.push(performance.now());
    await behavior(calls.length, { header: requestHeader });
    return {};
  };
  const handler = connectNodeAdapter({
    routes: (router) => router.service(RetryService, { read: handle, put: handle, post: handle }),
    interceptors: server === "bare" ? [] : [createServerInterceptor(server)],
  });
  const url = await listen(
    httpVersionOf(protocol) === "2" ? http2.createServer(handler) : http.createServer(handler),
  );
  return { url, calls };
}

function failing(reason: () => unknown): Behavior {
  return () => Promise.reject(reason());
}

const down = () => new ConnectError("down", Code.Unavailable);

/** Hangs: the deadline of a request may be noticed on either side first. */
const hang = () => new Promise<never>(() => {});

/** A definition of the peer. */
function define(
  status: keyof typeof import("errchain/proto").Status,
  more: { retry?: "RETRY" | "DO_NOT_RETRY"; retryDelayMs?: number } = {},
) {
  return defineError({
    system: "RETRY",
    code: 1001,
    reason: "FAILED",
    status,
    message: "the peer cannot",
    visibility: "PUBLIC",
    ...more,
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe.each(protocols)("over %s", (protocol) => {
  test("a peer that is down, then up, is reached, also by a method that must not be repeated", async () => {
    const port = await freePort();
    const handler = connectNodeAdapter({
      routes: (router) => router.service(RetryService, { post: () => ({}) }),
    });
    const server =
      httpVersionOf(protocol) === "2" ? http2.createServer(handler) : http.createServer(handler);
    onTestFinished(() => {
      server.close();
      "closeAllConnections" in server && server.closeAllConnections();
    });
    const events: RetryEvent[] = [];
    const call = connect(protocol, `http://127.0.0.1:${port}`, {
      maxAttempts: 5,
      initialDelayMs: 400,
      onRetry(event) {
        events.push(event);
        if (events.length === 1) {
          server.listen(port, "127.0.0.1");
        }
      },
    });
    await call("post");
    expect(events.length).toBeGreaterThanOrEqual(1);
    expect(events[0]).toMatchObject({
      procedure: "retry.v1.RetryService/Post",
      attempt: 1,
      error: { code: Code.Unavailable },
    });
  });

  test.each([
    ["with the client interceptor", true],
    ["without", false],
  ])("a peer that fails for a while, %s", async (_, withChain) => {
    const peer = await startPeer(protocol, (call) => {
      if (call < 3) {
        throw down();
      }
    });
    await connect(protocol, peer.url, SOON, withChain)("read");
    expect(peer.calls).toHaveLength(3);
  });

  test("the last error is thrown, and knows the earlier ones", async () => {
    const peer = await startPeer(protocol, (call) => {
      throw new ConnectError(`failure ${call}`, Code.Unavailable);
    });
    const err = await failureOf(connect(protocol, peer.url)("put"));
    expect(peer.calls).toHaveLength(4);
    expect(err).toMatchObject({ rawMessage: "failure 4", code: Code.Unavailable });
    const history = retryHistory(new Error("wrapped", { cause: err }));
    expect(history).toMatchObject({
      attempts: 4,
      earlier: [1, 2, 3].map((n) => ({ rawMessage: `failure ${n}` })),
      stoppedBy: "attempts-used-up",
    });
  });

  test("overload that says when to come again is waited for", async () => {
    const overload = define("RESOURCE_EXHAUSTED", { retryDelayMs: 300 });
    const withRetryInfo = () => {
      const err = new ConnectError("busy", Code.ResourceExhausted);
      // retry_delay = 1: { nanos = 2: 300,000,000 }
      const value = new BinaryWriter().tag(1, 2).fork().tag(2, 0).int32(300_000_000).join();
      err.details.push({ type: "google.rpc.RetryInfo", value: value.finish() });
      return err;
    };
    const withPushback = () =>
      new ConnectError("busy", Code.ResourceExhausted, { "grpc-retry-pushback-ms": "300" });
    for (const [reason, server] of [
      [overload, {}],
      [withRetryInfo, "bare"],
      [withPushback, "bare"],
    ] as const) {
      const peer = await startPeer(
        protocol,
        (call) => {
          if (call === 1) {
            throw reason();
          }
        },
        server,
      );
      await connect(protocol, peer.url, { maxDelayMs: 400 }, server !== "bare")("read");
      const [first = 0, second = 0] = peer.calls;
      expect(second - first).toBeGreaterThanOrEqual(295);
    }
  });

  test.each([429, 503])("a proxy's %i says when to come again, in seconds", async (status) => {
    const handler = connectNodeAdapter({
      routes: (router) => router.service(RetryService, { read: () => ({}) }),
    });
    const answeredAt: number[] = [];
    const proxy = (
      req: http.IncomingMessage & http2.Http2ServerRequest,
      res: http.ServerResponse & http2.Http2ServerResponse,
    ) => {
      if (answeredAt.push(performance.now()) > 1) {
        handler(req, res);
        return;
      }
      res.writeHead(status, { "content-type": "text/html", "retry-after": "1" });
      res.end("<h1>Slow down</h1>");
    };
    const url = await listen(
      httpVersionOf(protocol) === "2"
        ? http2.createServer(proxy as never)
        : http.createServer(proxy as never),
    );
    await connect(protocol, url, { maxDelayMs: 2_000 })("read");
    const [first = 0, second = 0] = answeredAt;
    expect(second - first).toBeGreaterThanOrEqual(990);
  });

  test("overload that does not say when is not made worse", async () => {
    const peer = await startPeer(protocol, failing(define("RESOURCE_EXHAUSTED")));
    const err = await failureOf(connect(protocol, peer.url)("read"));
    expect(retryHistory(err)).toMatchObject({ attempts: 1, stoppedBy: "not-transient" });
    expect(peer.calls).toHaveLength(1);
  });

  test.each([
    ["read", undefined, 4],
    ["put", undefined, 4],
    ["post", undefined, 1],
    ["post", "RETRY", 4],
    ["read", "DO_NOT_RETRY", 1],
  ] as const)("%s with the advice %s is tried %i times", async (method, retry, attempts) => {
    const peer = await startPeer(
      protocol,
      failing(define("UNAVAILABLE", retry === undefined ? {} : { retry })),
    );
    await failureOf(connect(protocol, peer.url)(method));
    expect(peer.calls).toHaveLength(attempts);
  });

  test("DO_NOT_RETRY counts however deep it stands, RETRY only where it is nearest", async () => {
    const wrapper = (advice?: "RETRY") =>
      defineError({
        system: "RETRY",
        code: 1002,
        reason: "WRAPPED",
        status: "UNAVAILABLE",
        message: "it does not go on",
        ...(advice && { retry: advice }),
      });
    const never = define("UNAVAILABLE", { retry: "DO_NOT_RETRY" });
    const again = define("UNAVAILABLE", { retry: "RETRY" });
    for (const [method, reason, attempts] of [
      [
        "read",
        () => wrapper("RETRY")({}, { cause: [down(), new Error("", { cause: never() })] }),
        1,
      ],
      ["post", () => wrapper()({}, { cause: again() }), 1],
      ["post", () => wrapper("RETRY")({}, { cause: again() }), 4],
    ] as const) {
      const peer = await startPeer(protocol, failing(reason));
      await failureOf(connect(protocol, peer.url)(method));
      expect(peer.calls).toHaveLength(attempts);
    }
  });

  test("RETRY and a refused connection count only where they are about this very call", async () => {
    const again = await startPeer(protocol, failing(define("UNAVAILABLE", { retry: "RETRY" })));
    const below = createClient(RetryService, connectTo(protocol, again.url));
    const dead = createClient(
      RetryService,
      connectTo(protocol, refusedUrl, [createClientInterceptor()]),
    );
    // It knows nothing of this library, and throws on what it catches.
    const relay = await startPeer(protocol, async () => below.put({}), "bare");
    const working = await startPeer(protocol, () => {});
    const audit: Interceptor = (next) => async (req) => {
      const res = await next(req);
      await dead.put({});
      return res;
    };
    for (const [peer, inside] of [
      [relay, []],
      [working, [audit]],
    ] as const) {
      const retry = createRetryInterceptor(SOON);
      const inTransport = createErrorChainTransport(
        connectTo(protocol, peer.url, [retry, ...inside]),
      );
      const inInterceptors = connectTo(protocol, peer.url, [
        retry,
        createClientInterceptor(),
        ...inside,
      ]);
      for (const transport of [inTransport, inInterceptors]) {
        const before = peer.calls.length;
        const err = await failureOf(createClient(RetryService, transport).post({}));
        expect(retryHistory(err)).toMatchObject({ attempts: 1, stoppedBy: "not-idempotent" });
        expect(peer.calls.length - before).toBe(1);
      }
    }
  });

  test("a negative pushback stops", async () => {
    const pushback = { "grpc-retry-pushback-ms": "-1" };
    const peer = await startPeer(
      protocol,
      failing(() => new ConnectError("busy", Code.Unavailable, pushback)),
      "bare",
    );
    const err = await failureOf(connect(protocol, peer.url)("read"));
    expect(peer.calls).toHaveLength(1);
    expect(retryHistory(err)).toMatchObject({ stoppedBy: "pushed-back" });
  });

  test("what the peer answers to a wrong request is not repeated, and costs no budget", async () => {
    let next: ConnectError = new ConnectError("no", Code.InvalidArgument);
    const peer = await startPeer(
      protocol,
      failing(() => next),
    );
    const call = connect(protocol, peer.url, { ...SOON, budget: { maxTokens: 10 } });
    for (let n = 0; n < 20; n++) {
      await failureOf(call("read"));
    }
    expect(peer.calls).toHaveLength(20);
    next = down();
    await failureOf(call("read"));
    expect(peer.calls).toHaveLength(24);
  });

  test("a peer that keeps failing is not retried any more, another one is", async () => {
    const [peer, other] = [
      await startPeer(protocol, failing(down)),
      await startPeer(protocol, failing(down)),
    ];
    const retry = createRetryInterceptor({ ...SOON, budget: { maxTokens: 10 } });
    const callOf = ({ url }: Peer) => {
      const client = createClient(RetryService, connectTo(protocol, url, [retry]));
      return () => failureOf(client.read({}));
    };
    const call = callOf(peer);
    let last: unknown;
    for (let n = 0; n < 20; n++) {
      last = await call();
    }
    // The first call has 4 attempts, and then half of the tokens are gone.
    expect(peer.calls).toHaveLength(4 + 19);
    expect(retryHistory(last)).toMatchObject({ attempts: 1, stoppedBy: "no-budget" });
    await callOf(other)();
    expect(other.calls).toHaveLength(4);
  });

  test("an attempt that hangs is given up, and repeated only where that is safe", async () => {
    for (const [method, attempts] of [
      ["read", 2],
      ["post", 1],
    ] as const) {
      const seen: (number | undefined)[] = [];
      const peer = await startPeer(protocol, async (call, { header }) => {
        seen.push(
          Number.parseInt(header.get("connect-timeout-ms") ?? header.get("grpc-timeout") ?? "", 10),
        );
        if (call === 1) {
          await hang();
        }
      });
      const call = connect(protocol, peer.url, { ...SOON, attemptTimeoutMs: 300 });
      if (attempts === 1) {
        expect(await failureOf(call(method))).toMatchObject({ code: Code.DeadlineExceeded });
      } else {
        await call(method, { timeoutMs: 10_000 });
      }
      expect(seen).toEqual(Array(attempts).fill(300));
    }
  });

  test("no attempt begins that cannot finish before the deadline", async () => {
    const peer = await startPeer(protocol, failing(down));
    const call = connect(protocol, peer.url, { ...SOON, minAttemptMs: 5_000 });
    const err = await failureOf(call("read", { timeoutMs: 4_000 }));
    expect(err).toMatchObject({ code: Code.Unavailable });
    expect(retryHistory(err)).toMatchObject({ attempts: 1, stoppedBy: "no-time" });
    await failureOf(call("read", { timeoutMs: 20_000 }));
    expect(peer.calls).toHaveLength(1 + 4);
  });

  test("the error of a deadline that passes knows the attempts", async () => {
    const peer = await startPeer(protocol, async (call) => {
      if (call < 3) {
        throw down();
      }
      await hang();
    });
    const err = await failureOf(connect(protocol, peer.url)("read", { timeoutMs: 400 }));
    expect(err).toMatchObject({ code: Code.DeadlineExceeded });
    expect(retryHistory(err)).toMatchObject({
      attempts: 3,
      earlier: [{ rawMessage: "down" }, { rawMessage: "down" }],
      stoppedBy: "aborted",
    });
  });

  test("each attempt is told what is left of the time", async () => {
    const told: number[] = [];
    const peer = await startPeer(protocol, (_, { header }) => {
      told.push(
        Number.parseInt(header.get("connect-timeout-ms") ?? header.get("grpc-timeout") ?? "", 10),
      );
      throw define("UNAVAILABLE", { retryDelayMs: 100 })();
    });
    const call = connect(protocol, peer.url, { ...SOON, maxDelayMs: 100, maxAttempts: 3 });
    await failureOf(call("read", { timeoutMs: 10_000 }));
    expect(told).toHaveLength(3);
    expect(told[0]).toBe(10_000);
    expect(told[1]).toBeLessThanOrEqual(9_900);
    expect(told[2]).toBeLessThanOrEqual(9_800);
    expect(told[2]).toBeGreaterThan(5_000);
  });

  test("an abort during the backoff ends the call at once", async () => {
    const peer = await startPeer(protocol, failing(down));
    const controller = new AbortController();
    const startedAt = performance.now();
    const call = connect(protocol, peer.url, {
      initialDelayMs: 60_000,
      maxDelayMs: 60_000,
      onRetry: () => setTimeout(() => controller.abort(), 10),
    });
    const err = await failureOf(call("read", { signal: controller.signal }));
    expect(err).toMatchObject({ code: Code.Canceled });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(peer.calls).toHaveLength(1);
  });

  test("a definition that names a failed call says how often that was tried", async () => {
    const front = defineError({
      system: "FRONT",
      code: 1001,
      reason: "FRONT_FAILED",
      status: "UNAVAILABLE",
      message: "the front cannot",
      retry: "RETRY",
    });
    const peer = await startPeer(protocol, failing(define("UNAVAILABLE")));
    const err = front({}, { cause: await failureOf(connect(protocol, peer.url)("read")) });
    const retries = errorChain(err)?.causes.map(({ retry }) => retry);
    expect(retries).toMatchObject([{ advice: 1, attempts: 4 }, undefined]);
    expect(errorChain(front())?.causes[0]?.retry).toMatchObject({ advice: 1, attempts: 0 });
  });

  test("the attempts get into what the client observes, and into what a server answers", async () => {
    const peer = await startPeer(protocol, failing(down), "bare");
    const outside = await failureOf(connect(protocol, peer.url)("read"));
    expect(errorChain(outside)?.causes).toMatchObject([
      { provenance: Provenance.OBSERVED, message: "down", retry: { attempts: 4 } },
    ]);

    const declared = await startPeer(protocol, failing(define("UNAVAILABLE")));
    const own = defineError({
      system: "FRONT",
      code: 1001,
      reason: "FRONT_FAILED",
      status: "UNAVAILABLE",
      message: "the front cannot",
      retryDelayMs: 10,
    });
    for (const wrap of [
      (err: unknown) => err,
      (err: unknown) => own({}, { cause: err }),
      (err: unknown) => new ConnectError("front", Code.Unavailable, {}, [], err),
      () => own(),
    ]) {
      const front = await startPeer(
        protocol,
        async () => {
          throw wrap(await failureOf(connect(protocol, declared.url)("read")));
        },
        { system: "FRONT" },
      );
      const before = declared.calls.length;
      const err = await failureOf(connect(protocol, front.url)("read"));
      expect(errorChain(err)?.causes[0]).toMatchObject({
        system: "FRONT",
        retry: { attempts: 4 },
      });
      expect(front.calls).toHaveLength(1);
      expect(declared.calls.length - before).toBe(4);
      expect(retryHistory(err)).toMatchObject({ attempts: 1, stoppedBy: "retried-below" });
    }
  });

  test("a failure that was handled does not keep callers from a retry", async () => {
    const dead = await startPeer(protocol, failing(down));
    const declared = await startPeer(protocol, failing(define("UNAVAILABLE")));
    const front = await startPeer(protocol, async () => {
      await failureOf(connect(protocol, dead.url)("read"));
      const once = connect(protocol, declared.url, { ...SOON, maxAttempts: 1 });
      throw await failureOf(once("read"));
    });
    const err = await failureOf(connect(protocol, front.url)("read"));
    expect(front.calls).toHaveLength(4);
    expect(errorChain(err)?.causes.some(({ retry }) => (retry?.attempts ?? 0) > 1)).toBe(false);
  });

  test("what is called for a request that is a repetition is not repeated", async () => {
    const declared = await startPeer(protocol, failing(define("UNAVAILABLE")));
    const front = await startPeer(protocol, async () => {
      await connect(protocol, declared.url)("read");
    });
    const client = createClient(RetryService, connectTo(protocol, front.url));
    const headers = { "grpc-previous-rpc-attempts": "1" };
    await failureOf(client.read({}, { headers }));
    expect(declared.calls).toHaveLength(1);
    await failureOf(client.read({}));
    expect(declared.calls).toHaveLength(1 + 4);
  });

  test("nor is it where a job makes the first call, and repeats an attempt that is too slow", async () => {
    const back = await startPeer(protocol, async () => {
      await sleep(100);
      throw down();
    });
    const front = await startPeer(protocol, async () => {
      await connect(protocol, back.url)("read");
    });
    await failureOf(connect(protocol, front.url, { ...SOON, attemptTimeoutMs: 250 })("read"));
    expect(front.calls).toHaveLength(4);
    // Of the first attempt all four, of the others one each.
    await expect.poll(() => back.calls.length).toBe(4 + 3);
    await sleep(300);
    expect(back.calls).toHaveLength(4 + 3);
  });

  test.each([
    ["alone", []],
    ["before a client interceptor", [createClientInterceptor()]],
  ])("three retry interceptors in one list make as many attempts as one, %s", async (_, inner) => {
    for (const server of ["bare", {}] as const) {
      const peer = await startPeer(protocol, failing(down), server);
      const retries = [1, 2, 3].map(() => createRetryInterceptor(SOON));
      const transport = connectTo(protocol, peer.url, [...retries, ...inner]);
      const err = await failureOf(createClient(RetryService, transport).read({}));
      expect(peer.calls).toHaveLength(4);
      expect(retryHistory(err)).toMatchObject({ attempts: 4, stoppedBy: "attempts-used-up" });
    }
  });
});

describe("around a retry interceptor, a transport that does not trust the peer", () => {
  const DAY_MS = 86_400_000;

  /** Calls a peer that asks for much, and tells for how long a repetition would wait. */
  async function startLiar(error: () => unknown, inner: Interceptor[] = []) {
    const peer = await startPeer("gRPC", failing(error));
    const controller = new AbortController();
    const { signal } = controller;
    const delays: number[] = [];
    const retry = createRetryInterceptor({
      maxDelayMs: 2 * DAY_MS,
      onRetry({ delayMs }) {
        delays.push(delayMs);
        controller.abort();
      },
    });
    const transport = connectTo("gRPC", peer.url, [retry, ...inner]);
    const trusting = createClient(RetryService, createErrorChainTransport(transport));
    const wary = createClient(
      RetryService,
      createErrorChainTransport(transport, { trust: "none" }),
    );
    return { delays, signal, trusting, wary, peer };
  }

  test("bounds the wait, and does not repeat what may change something", async () => {
    const liar = () => startLiar(define("UNAVAILABLE", { retry: "RETRY", retryDelayMs: DAY_MS }));
    const read = await liar();
    await failureOf(read.wary.read({}, { signal: read.signal }));
    expect(read.delays).toHaveLength(1);
    expect(read.delays[0]).toBeGreaterThanOrEqual(10_000);
    expect(read.delays[0]).toBeLessThanOrEqual(15_000);
    const post = await liar();
    expect(retryHistory(await failureOf(post.wary.post({})))).toMatchObject({
      stoppedBy: "not-idempotent",
    });
  });

  test.each([
    ["a delay of a day", define("UNAVAILABLE", { retryDelayMs: DAY_MS }), "10000"],
    ["DO_NOT_RETRY", define("UNAVAILABLE", { retry: "DO_NOT_RETRY" }), null],
  ])("of %s, callers of ours who get no cause see no more", async (_, error, pushback) => {
    const { wary } = await startLiar(error);
    const front = await startPeer("gRPC", async () => {
      await failureOf(wary.post({}));
      throw define("UNAVAILABLE")();
    });
    const client = createClient(RetryService, connectTo("gRPC", front.url));
    const err = (await failureOf(client.read({}))) as ConnectError;
    expect(err.metadata.get("grpc-retry-pushback-ms")).toBe(pushback);
  });

  test("changes nothing for other calls with the same context values", async () => {
    const seen = createContextKey(0);
    const count: Interceptor = (next) => (req) => {
      req.contextValues.set(seen, req.contextValues.get(seen) + 1);
      return next(req);
    };
    const error = define("UNAVAILABLE", { retry: "DO_NOT_RETRY" });
    const { wary, trusting } = await startLiar(error, [count]);
    const contextValues = createContextValues().set(seen, 40);
    await failureOf(wary.post({}, { contextValues }));
    const err = await failureOf(trusting.read({}, { contextValues }));
    expect(retryHistory(err)).toMatchObject({ stoppedBy: "do-not-retry" });
    expect(contextValues.get(seen)).toBe(42);
  });
});

describe("what the server tells its callers", () => {
  async function answered(reason: () => unknown, server: ServerInterceptorOptions = {}) {
    const peer = await startPeer("gRPC", failing(reason), server);
    const client = createClient(RetryService, connectTo("gRPC", peer.url));
    const err = (await failureOf(client.read({}))) as ConnectError;
    const details = err.details as { type: string; value: Uint8Array }[];
    return {
      err,
      pushback: err.metadata.get("grpc-retry-pushback-ms"),
      types: details.map(({ type }) => type),
      bytes: details.reduce((sum, { value }) => sum + value.length, 0),
    };
  }
  const CHAIN = "errchain.v1.ErrorChain";
  const RETRY_INFO = "google.rpc.RetryInfo";

  test("nothing where there is nothing to tell", async () => {
    expect(await answered(down)).toMatchObject({ pushback: null, types: [CHAIN] });
  });

  test("advice and delay of the catalog, RetryInfo, and a pushback", async () => {
    const busy = define("UNAVAILABLE", { retry: "RETRY", retryDelayMs: 1500 });
    for (const exposure of ["internal", "partner"] as const) {
      const { err, ...answer } = await answered(busy, { exposure });
      expect(answer).toMatchObject({ pushback: "1500", types: [RETRY_INFO, CHAIN] });
      expect(errorChain(err)?.causes[0]?.retry).toMatchObject({
        advice: 1,
        delay: { seconds: 1n, nanos: 500_000_000 },
      });
    }
  });

  test("the public hears only when to come again", async () => {
    const busy = define("UNAVAILABLE", { retryDelayMs: 1500 });
    const { err, ...answer } = await answered(busy, { exposure: "public" });
    expect(answer).toMatchObject({ pushback: "1500", types: [CHAIN] });
    expect(errorChain(err)?.causes[0]?.retry).toBeUndefined();
  });

  test("a pushback of -1 where nobody should retry, at every exposure, however deep that stands", async () => {
    const never = define("UNAVAILABLE", { retry: "DO_NOT_RETRY", retryDelayMs: 5 });
    const outer = define("UNAVAILABLE", { retry: "RETRY", retryDelayMs: 5 });
    for (const exposure of ["internal", "partner", "public"] as const) {
      expect(await answered(never, { exposure })).toMatchObject({ pushback: "-1" });
      const reason = () => outer({}, { cause: never() });
      expect(await answered(reason, { exposure })).toMatchObject({ pushback: "-1" });
    }
  });

  test("answers to a wrong request have none: clients would count them as trouble of the server", async () => {
    const wrong = define("FAILED_PRECONDITION", { retry: "DO_NOT_RETRY" });
    expect(await answered(wrong)).toMatchObject({ pushback: null });
  });

  test("what a callee says without a chain goes on", async () => {
    for (const pushback of ["-1", "700"]) {
      const metadata = { "grpc-retry-pushback-ms": pushback };
      const bare = await startPeer(
        "gRPC",
        failing(() => new ConnectError("busy", Code.Unavailable, metadata)),
        "bare",
      );
      const client = createClient(RetryService, connectTo("gRPC", bare.url));
      const err = await failureOf(client.read({}));
      const wrapped = () => define("UNAVAILABLE")({}, { cause: err });
      expect(await answered(() => err)).toMatchObject({ pushback });
      expect(await answered(wrapped)).toMatchObject({ pushback });
    }
  });

  test("what the application says itself stays", async () => {
    const err = () => {
      const busy = define("UNAVAILABLE", { retryDelayMs: 1500 })();
      busy.metadata.set("grpc-retry-pushback-ms", "7");
      busy.details.push({ type: RETRY_INFO, value: new Uint8Array() });
      return busy;
    };
    expect(await answered(err)).toMatchObject({ pushback: "7", types: [RETRY_INFO, CHAIN] });
  });

  test("no retry is invited where the chain was cut, and all of it stays within the budget", async () => {
    const never = define("UNAVAILABLE", { retry: "DO_NOT_RETRY" });
    const long = defineError({
      system: "RETRY",
      code: 1003,
      reason: "LONG",
      status: "UNAVAILABLE",
      message: "{text}",
      visibility: "PUBLIC",
      retryDelayMs: 1500,
    });
    const causes = (textLength: number) => {
      let cause: unknown = long({ text: "root" }, { cause: never({}, { cause: down() }) });
      for (let n = 0; n < 8; n++) {
        cause = long({ text: "x".repeat(textLength) }, { cause });
      }
      return cause;
    };
    for (const exposure of ["internal", "partner"] as const) {
      let most = 0;
      for (let textLength = 60; textLength < 90; textLength++) {
        const { err, ...answer } = await answered(() => causes(textLength), {
          exposure,
          maxBytes: 600,
        });
        expect(answer.pushback).toBe("-1");
        expect(errorChain(err)?.causes.some(({ retry }) => retry?.advice === 2)).toBe(true);
        most = Math.max(most, answer.bytes);
      }
      expect(most).toBeLessThanOrEqual(600);
      expect(most).toBeGreaterThan(590); // it does fill it
    }
  });
});

describe("a peer in a process of its own", () => {
  /** Starts it and waits until it listens. */
  async function startProcess(port: number) {
    const script = join(import.meta.dirname, "support", "retry-peer.ts");
    const child = spawn(process.execPath, [script, String(port)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => {
      child.kill("SIGKILL");
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect(await lines.next()).toMatchObject({ value: "listening" });
    return { child, called: lines.next() };
  }

  async function kill(child: ChildProcess): Promise<void> {
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  async function listenOn(port: number) {
    const calls: string[] = [];
    const handle = (method: Method) => () => {
      calls.push(method);
      return {};
    };
    const handler = connectNodeAdapter({
      routes: (router) =>
        router.service(RetryService, {
          read: handle("read"),
          put: handle("put"),
          post: handle("post"),
        }),
    });
    const server = http2.createServer(handler).listen(port, "127.0.0.1");
    onTestFinished(() => {
      server.close();
    });
    await once(server, "listening");
    return calls;
  }

  test("killed between two attempts: its successor answers", async () => {
    const port = await freePort();
    const { child } = await startProcess(port);
    const events: RetryEvent[] = [];
    let successor: Promise<string[]> | undefined;
    const call = connect("gRPC", `http://127.0.0.1:${port}`, {
      maxAttempts: 5,
      initialDelayMs: 400,
      onRetry(event) {
        events.push(event);
        successor ??= kill(child).then(() => listenOn(port));
      },
    });
    await call("read");
    expect(events[0]).toMatchObject({ error: { rawMessage: "busy" } });
    expect(await successor).toEqual(["read"]);
  });

  test.each([
    ["put", true],
    ["put", false],
    ["post", true],
    ["post", false],
  ] as const)(
    "killed during %s, client interceptor %s: repeated only where that is safe",
    async (method, withChain) => {
      const port = await freePort();
      const { child, called } = await startProcess(port);
      const options = { maxAttempts: 5, initialDelayMs: 400 };
      const result = connect("gRPC", `http://127.0.0.1:${port}`, options, withChain)(method);
      const settled = result.then(
        () => undefined,
        (err) => err,
      );
      await called;
      await kill(child);
      const calls = await listenOn(port);
      const err = await settled;
      if (method === "post") {
        expect(calls).toEqual([]);
        expect(retryHistory(err)).toMatchObject({ attempts: 1, stoppedBy: "not-idempotent" });
      } else {
        expect(err).toBeUndefined();
        expect(calls).toEqual(["put"]);
      }
    },
  );
});

test("a stream that the peer refused is repeated for every method", async () => {
  let refused = 0;
  const handler = connectNodeAdapter({
    routes: (router) => router.service(RetryService, { post: () => ({}) }),
  });
  const server = http2.createServer();
  server.on("stream", (stream) => {
    if (refused < 2) {
      refused++;
      stream.on("error", () => {});
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    }
  });
  server.on("request", (req, res) => {
    if (!req.stream.closed) {
      handler(req, res);
    }
  });
  const url = await listen(server);
  for (const withChain of [true, false]) {
    refused = 0;
    await connect("gRPC", url, SOON, withChain)("post");
    expect(refused).toBe(2);
  }
});

test.each([
  ["with the client interceptor", [createClientInterceptor()]],
  ["without", []],
])("fetch() says less, and gets as much as can be known, %s", async (_, inner) => {
  // Accepts connections and drops them, after it has read the request.
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.once("data", () => socket.destroy());
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const clientOf = (port: number) =>
    createClient(
      RetryService,
      createWebTransport({
        baseUrl: `http://127.0.0.1:${port}`,
        interceptors: [createRetryInterceptor(SOON), ...inner],
      }),
    );
  const client = clientOf((server.address() as AddressInfo).port);
  expect(retryHistory(await failureOf(client.read({})))).toMatchObject({ attempts: 4 });
  expect(connections).toBe(4);
  expect(retryHistory(await failureOf(client.post({})))).toMatchObject({ attempts: 1 });
  expect(connections).toBe(5);
  // That of Node.js does say that there was no connection.
  const refused = await failureOf(clientOf(await freePort()).post({}));
  expect(retryHistory(refused)).toMatchObject({ attempts: 4 });
});

test("a callee that hangs is named in the chain, with the attempts", async () => {
  const peer = await startPeer("gRPC", hang);
  const options = { ...SOON, attemptTimeoutMs: 200, maxAttempts: 2 };
  const front = await startPeer(
    "gRPC",
    async () => {
      await connect("gRPC", peer.url, options)("read");
    },
    { system: "FRONT" },
  );
  const err = await failureOf(connect("gRPC", front.url)("read"));
  expect(err).toMatchObject({ code: Code.DeadlineExceeded });
  expect(errorChain(err)?.causes).toMatchObject([
    { system: "FRONT", code: "2", retry: { attempts: 2 } },
    { system: "RETRY", reason: "TIMED_OUT", provenance: Provenance.OBSERVED },
  ]);
  expect(peer.calls).toHaveLength(2);
});

test("streams pass through untouched", async () => {
  let calls = 0;
  const handler = connectNodeAdapter({
    routes: (router) =>
      router.service(RetryService, {
        // biome-ignore lint/correctness/useYield: it fails before the first message
        async *watch() {
          calls++;
          throw down();
        },
      }),
  });
  const url = await listen(http2.createServer(handler));
  const client = createClient(RetryService, connectTo("gRPC", url, [createRetryInterceptor(SOON)]));
  const read = async () => {
    for await (const _ of client.watch({})) {
      // nothing comes
    }
  };
  const err = await failureOf(read());
  expect(err).toMatchObject({ code: Code.Unavailable });
  expect(retryHistory(err)).toBeUndefined();
  expect(calls).toBe(1);
});

test("the options are checked when the interceptor is made", () => {
  expect(() => createRetryInterceptor({ maxAttempts: 0 })).toThrow(/maxAttempts/);
});

test("calls that share a connection do not share their history", async () => {
  const port = await freePort();
  const call = connect("gRPC", `http://127.0.0.1:${port}`, { ...SOON, maxAttempts: 2 }, false);
  const errs = await Promise.all([1, 2, 3].map(() => failureOf(call("read"))));
  expect(new Set(errs).size).toBe(3);
  for (const err of errs) {
    expect(retryHistory(err)).toMatchObject({ attempts: 2 });
  }
});
