import * as http from "node:http";
import * as http2 from "node:http2";
import { setTimeout } from "node:timers/promises";
import { Code, ConnectError, createClient, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  createErrorChainTransport,
  type ErrorChainTransportOptions,
  errorChain,
  fullCode,
} from "errchain";
import { createServerInterceptor } from "errchain/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, kinds, probeRoutes } from "./support/probe.js";
import { connectTo, httpVersionOf, listen, protocols, startServer } from "./support/servers.js";

// What becomes of a request's deadline and of its cancellation on the way down.

type Protocol = (typeof protocols)[number];

interface HopOptions extends ErrorChainTransportOptions {
  /** The default of the wrapped transport. */
  readonly innerTimeoutMs?: number;
}

/** A client that calls through this library. */
function clientOf(protocol: Protocol, url: string, system: string, options: HopOptions = {}) {
  const { innerTimeoutMs, ...rest } = options;
  const inner = connectTo(
    protocol,
    url,
    [],
    innerTimeoutMs === undefined ? {} : { defaultTimeoutMs: innerTimeoutMs },
  );
  return createClient(
    ProbeService,
    createErrorChainTransport(inner, { peer: { system }, ...rest }),
  );
}

/** The last hop, which tells what it was given. */
async function startBack(protocol: Protocol) {
  const seen: { timeoutMs: number | undefined; signal: AbortSignal }[] = [];
  const url = await startServer(httpVersionOf(protocol), (router) =>
    router.service(ProbeService, {
      async unary({ text }, context: HandlerContext) {
        seen.push({ timeoutMs: context.timeoutMs(), signal: context.signal });
        if (text === "hang") {
          await setTimeout(5_000);
        }
        return { text: "answer" };
      },
    }),
  );
  return { url, seen };
}

describe.each(protocols)("over %s", (protocol) => {
  test("a hop hands down what is left, less a margin", async () => {
    const back = await startBack(protocol);
    const call = clientOf(protocol, back.url, "BACK");
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async () => {
        await setTimeout(300);
        return (await call.unary({})).text;
      }),
      [createServerInterceptor({ system: "FRONT" })],
    );
    await clientOf(protocol, url, "FRONT").unary({}, { timeoutMs: 10_000 });
    expect(back.seen[0]?.timeoutMs).toBeLessThanOrEqual(10_000 - 300 - 250);
    expect(back.seen[0]?.timeoutMs).toBeGreaterThan(5_000);
  });

  test.each<[string, HopOptions, number | undefined, number]>([
    ["a shorter timeout of the call stays", {}, 500, 500],
    ["a longer timeout of the call is cut", {}, 60_000, 4_750],
    ["a timeout of 0 takes nothing away", {}, 0, 4_750],
    ["a negative timeout takes nothing away", {}, -5, 4_750],
    ["a shorter default of the wrapped transport stays", { innerTimeoutMs: 500 }, undefined, 500],
    ["a shorter default stays", { defaultTimeoutMs: 500 }, undefined, 500],
    ["a longer default is cut", { defaultTimeoutMs: 60_000 }, undefined, 4_750],
    ["the margin can be set", { deadlineMarginMs: 1_000 }, undefined, 4_000],
    ["the margin is at most half of the rest", { deadlineMarginMs: 60_000 }, undefined, 2_500],
  ])("%s", async (_, options, timeoutMs, most) => {
    const back = await startBack(protocol);
    const call = clientOf(protocol, back.url, "BACK", options);
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(
        async () => (await call.unary({}, timeoutMs === undefined ? {} : { timeoutMs })).text,
      ),
      [createServerInterceptor({ system: "FRONT" })],
    );
    await clientOf(protocol, url, "FRONT").unary({}, { timeoutMs: 5_000 });
    expect(back.seen[0]?.timeoutMs).toBeLessThanOrEqual(most);
    expect(back.seen[0]?.timeoutMs).toBeGreaterThan(most - 400);
  });

  test("a longer default of the wrapped transport does not make the call longer", async () => {
    const back = await startBack(protocol);
    const call = clientOf(protocol, back.url, "BACK", { innerTimeoutMs: 60_000 });
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async () => (await call.unary({ text: "hang" })).text),
      [createServerInterceptor({ system: "FRONT" })],
    );
    const err = await failureOf(clientOf(protocol, url, "FRONT").unary({}, { timeoutMs: 2_000 }));
    expect((err as ConnectError).code).toBe(Code.DeadlineExceeded);
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["FRONT_2", "BACK_4"]);
  });

  test("a callee that takes no more than so much time is called with a default of that", async () => {
    const handler = connectNodeAdapter({
      routes: probeRoutes(async () => "answer"),
      maxTimeoutMs: 5_000,
    });
    const back = await listen(
      httpVersionOf(protocol) === "2" ? http2.createServer(handler) : http.createServer(handler),
    );
    const call = clientOf(protocol, back, "BACK", { defaultTimeoutMs: 5_000 });
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async () => (await call.unary({})).text),
      [createServerInterceptor({ system: "FRONT" })],
    );
    const front = clientOf(protocol, url, "FRONT");
    expect((await front.unary({}, { timeoutMs: 30_000 })).text).toBe("answer");
  });

  test("it can be turned off, and without a deadline nothing is added", async () => {
    const back = await startBack(protocol);
    const call = clientOf(protocol, back.url, "BACK", { propagateDeadline: false });
    const other = clientOf(protocol, back.url, "BACK");
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async (text) => (await (text === "off" ? call : other).unary({})).text),
      [createServerInterceptor({ system: "FRONT" })],
    );
    await clientOf(protocol, url, "FRONT").unary({ text: "off" }, { timeoutMs: 5_000 });
    await clientOf(protocol, url, "FRONT").unary({ text: "on" });
    await other.unary({});
    expect(back.seen.map(({ timeoutMs }) => timeoutMs)).toEqual([undefined, undefined, undefined]);
  });

  test("of three hops with three deadlines, the one next to the hang gives up first", async () => {
    const back = await startBack(protocol);
    const toBack = clientOf(protocol, back.url, "BACK");
    const middle = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async () => (await toBack.unary({ text: "hang" }, { timeoutMs: 3_000 })).text),
      [createServerInterceptor({ system: "MIDDLE" })],
    );
    const toMiddle = clientOf(protocol, middle, "MIDDLE");
    const front = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async () => (await toMiddle.unary({}, { timeoutMs: 3_000 })).text),
      [createServerInterceptor({ system: "FRONT" })],
    );
    const err = await failureOf(
      createClient(ProbeService, connectTo(protocol, front)).unary({}, { timeoutMs: 3_000 }),
    );
    expect((err as ConnectError).code).toBe(Code.DeadlineExceeded);
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["FRONT_2", "MIDDLE_2", "BACK_4"]);
  });

  test("no call is made once the deadline has passed", async () => {
    const back = await startBack(protocol);
    const toBack = clientOf(protocol, back.url, "BACK");
    let thrown: unknown;
    const codes: string[] = [];
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async () => {
        await setTimeout(300);
        thrown = await failureOf(toBack.unary({}));
        throw thrown;
      }),
      [
        createServerInterceptor({
          system: "FRONT",
          onError: [({ chain }) => codes.push(chain.causes.map(fullCode).join(" "))],
        }),
      ],
    );
    await failureOf(clientOf(protocol, url, "FRONT").unary({}, { timeoutMs: 200 }));
    await expect.poll(() => codes).toEqual(["FRONT_4"]);
    expect(thrown).toMatchObject({ code: Code.DeadlineExceeded });
    expect(back.seen).toEqual([]);
  });

  test("a cancellation goes down, if it is not turned off", async () => {
    const back = await startBack(protocol);
    const down = clientOf(protocol, back.url, "BACK");
    const cut = clientOf(protocol, back.url, "BACK", { propagateCancellation: false });
    const codes: string[] = [];
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async (text) => {
        return (await (text === "down" ? down : cut).unary({ text: "hang" })).text;
      }),
      [
        createServerInterceptor({
          system: "FRONT",
          onError: [({ chain }) => codes.push(chain.causes.map(fullCode).join(" "))],
        }),
      ],
    );
    const front = clientOf(protocol, url, "FRONT");
    for (const text of ["down", "cut"]) {
      const abort = new AbortController();
      const call = failureOf(front.unary({ text }, { signal: abort.signal }));
      await expect.poll(() => back.seen.length).toBe(text === "down" ? 1 : 2);
      abort.abort();
      expect(await call).toMatchObject({ code: Code.Canceled });
      if (text === "down") {
        await expect.poll(() => back.seen[0]?.signal.aborted).toBe(true);
        await expect.poll(() => codes).toEqual(["FRONT_5 BACK_5"]);
      }
    }
    await setTimeout(50);
    expect(back.seen[1]?.signal.aborted).toBe(false);
  });

  test("a call that goes on after the answer is not ended", async () => {
    const back = await startBack(protocol);
    const toBack = clientOf(protocol, back.url, "BACK");
    let background: Promise<unknown> | undefined;
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async () => {
        background = setTimeout(100).then(() => toBack.unary({}));
        void toBack.unary({}).catch(() => {});
        return "answered";
      }),
      [createServerInterceptor({ system: "FRONT" })],
    );
    await clientOf(protocol, url, "FRONT").unary({}, { timeoutMs: 50_000 });
    await expect(background).resolves.toMatchObject({ text: "answer" });
    expect(back.seen.map(({ timeoutMs }) => timeoutMs !== undefined)).toEqual([true, false]);
  });
});

test("streams get the rest of the deadline too", async () => {
  for (const kind of kinds) {
    const back = await startServer(
      "2",
      probeRoutes(() => setTimeout(5_000, "late")),
    );
    const toBack = clientOf("gRPC", back, "BACK");
    const url = await startServer(
      "2",
      probeRoutes(() => callProbe(toBack, kind, "")),
      [createServerInterceptor({ system: "FRONT" })],
    );
    const err = await failureOf(clientOf("gRPC", url, "FRONT").unary({}, { timeoutMs: 1000 }));
    expect(ConnectError.from(err).code).toBe(Code.DeadlineExceeded);
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["FRONT_2", "BACK_4"]);
  }
});

test.each([-3_600_000, 30_000])("a clock that is set by %i ms changes no deadline", async (ms) => {
  const back = await startBack("gRPC");
  const toBack = clientOf("gRPC", back.url, "BACK");
  const url = await startServer(
    "2",
    probeRoutes(async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
      return (await toBack.unary({})).text;
    }),
    [createServerInterceptor({ system: "FRONT" })],
  );
  onTestFinished(() => void vi.useRealTimers());
  await clientOf("gRPC", url, "FRONT").unary({}, { timeoutMs: 20_000 });
  vi.useRealTimers();
  expect(back.seen).toHaveLength(1);
  expect(back.seen[0]?.timeoutMs).toBeLessThanOrEqual(20_000);
});

test("times are checked when the transport is made", () => {
  const inner = connectTo("gRPC", "http://127.0.0.1:9");
  const make = (options: object) => () => createErrorChainTransport(inner, options);
  expect(make({ deadlineMarginMs: -1 })).toThrow(/deadlineMarginMs must be 0 or a positive/);
  expect(make({ defaultTimeoutMs: Number.NaN })).toThrow(RangeError);
  // A timer would fire at once, and gRPC's header has no room for it.
  expect(make({ defaultTimeoutMs: 1e9 })).toThrow(/up to 99999999, not 1000000000/);
  expect(make({ trust: "some" })).toThrow(/trust must be "chain" or "none", not "some"/);
  expect(make({ peer: { system: "x" } })).toThrow(/system "x"/);
});
