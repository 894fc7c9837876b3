import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createClientInterceptor, defineError, errorChain, fullCode } from "errchain";
import { Provenance } from "errchain/proto";
import type { ErrorReport } from "errchain/report";
import { createServerInterceptor, type ServerInterceptorOptions } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, kinds, probeRoutes } from "./support/probe.js";
import { connectTo, startServer } from "./support/servers.js";

// What a hop answers with where a downstream call has failed.

const noRange = defineError({
  system: "ROUTE",
  module: "DISPATCH",
  code: 20003,
  reason: "NO_RANGE",
  status: "NOT_FOUND",
  message: "no range for {address}",
});
const deep = defineError({
  system: "DEEP",
  code: 900,
  reason: "DEEP",
  status: "DATA_LOSS",
  message: "deep down",
});
const noDeliveryTime = defineError({
  system: "PROMISE",
  code: 10002,
  reason: "NO_DELIVERY_TIME",
  status: "FAILED_PRECONDITION",
  message: "no delivery time for {address}",
});
const routingFailed = defineError({
  system: "PROMISE",
  code: 10003,
  reason: "ROUTING_FAILED",
  status: "UNAVAILABLE",
  message: "routing has failed",
});

/** Two hops: ROUTE, which fails, and PROMISE, which rethrows its error. */
async function startHops(raise: () => unknown, options: ServerInterceptorOptions) {
  const reports: ErrorReport[] = [];
  const routeUrl = await startServer(
    "2",
    probeRoutes(() => Promise.reject(raise())),
    [createServerInterceptor({ system: "ROUTE" })],
  );
  const route = createClient(
    ProbeService,
    connectTo("gRPC", routeUrl, [createClientInterceptor()]),
  );
  const url = await startServer(
    "2",
    probeRoutes((text) => callProbe(route, "unary", text)),
    [
      createServerInterceptor({
        system: "PROMISE",
        onError: [(report) => reports.push(report)],
        ...options,
      }),
    ],
  );
  return { client: createClient(ProbeService, connectTo("Connect over HTTP/2", url)), reports };
}

const codesOf = (err: unknown) => errorChain(err)?.causes.map(fullCode);
const statuses = Object.values(Code).filter((code) => typeof code === "number");

// gRFC A54 lists the statuses that say nothing true about another request:
// INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, ABORTED,
// OUT_OF_RANGE, DATA_LOSS. Of these, model.md lets ABORTED stay: it asks the caller
// to try again at a higher level, and that is he.
const SAFE = [Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Aborted];

describe.each(statuses.map((code) => [Code[code], code] as const))("a callee's %s", (_, code) => {
  test.each(["safe", "keep"] as const)("by the policy %s", async (relay) => {
    const { client } = await startHops(() => new ConnectError("of ROUTE", code), { relay });
    const err = await failureOf(client.unary({}));
    expect(err).toMatchObject({
      code: relay === "keep" || SAFE.includes(code) ? code : Code.Internal,
    });
    expect((err as ConnectError).rawMessage).not.toContain("of ROUTE");
    expect(errorChain(err)?.causes).toMatchObject([
      { system: "PROMISE", code: "2", provenance: Provenance.FILLED_IN },
      { system: "ROUTE", status: code },
    ]);
  });
});

test("the policy can be a function of cause and request, and falls back to safe", async () => {
  const seen: string[] = [];
  const { client, reports } = await startHops(() => noRange({ address: "X" }), {
    relay: (cause, request) => {
      seen.push(`${fullCode(cause)} ${request.method.name} ${request.header.get("x-mode")}`);
      if (request.header.get("x-mode") === "throw") {
        throw new Error("no policy");
      }
      return request.header.get("x-mode") === "odd" ? (99 as Code) : Code.PermissionDenied;
    },
  });
  const failWith = (mode: string) => failureOf(client.unary({}, { headers: { "x-mode": mode } }));
  expect(await failWith("good")).toMatchObject({ code: Code.PermissionDenied });
  expect(await failWith("throw")).toMatchObject({ code: Code.Internal });
  expect(await failWith("odd")).toMatchObject({ code: Code.Internal });
  expect(seen[0]).toBe("ROUTE_DISPATCH_20003 Unary good");
  expect(reports.map((report) => report.problems.map(String))).toEqual([
    [],
    ["Error: no policy"],
    ["TypeError: relay gave 99, which is no status"],
  ]);
});

test("a rule for a status matches a callee of which nothing but that is known", async () => {
  const url = await startServer(
    "2",
    probeRoutes(() => Promise.reject(new ConnectError("nobody there", Code.NotFound))),
  );
  const bare = createClient(ProbeService, connectTo("gRPC", url));
  const answeredBy = async (status: "NOT_FOUND" | "ABORTED") => {
    const front = await startServer(
      "2",
      probeRoutes((text) => callProbe(bare, "unary", text)),
      [createServerInterceptor({ translate: [{ from: { status }, to: routingFailed }] })],
    );
    return failureOf(createClient(ProbeService, connectTo("gRPC", front)).unary({}));
  };
  expect(codesOf(await answeredBy("NOT_FOUND"))).toEqual(["PROMISE_10003"]);
  expect(codesOf(await answeredBy("ABORTED"))).toEqual(["PROBE_ALPHA_2"]);
});

describe("a translation rule", () => {
  const raise = () => noRange({ address: "Mill Lane" }, { cause: deep() });

  test.each<[string, NonNullable<ServerInterceptorOptions["translate"]>, string, string]>([
    [
      "from a definition, with its args by default",
      [{ from: noRange, to: noDeliveryTime }],
      "PROMISE_10002",
      "no delivery time for Mill Lane",
    ],
    [
      "with args computed from the cause",
      [
        {
          from: noRange,
          to: noDeliveryTime,
          args: ({ args }) => ({ address: `<${args["address"]}>` }),
        },
      ],
      "PROMISE_10002",
      "no delivery time for <Mill Lane>",
    ],
    [
      "from a system",
      [{ from: { system: "ROUTE" }, to: routingFailed }],
      "PROMISE_10003",
      "routing has failed",
    ],
    [
      "from module and code",
      [{ from: { module: "DISPATCH", code: "20003" }, to: routingFailed }],
      "PROMISE_10003",
      "routing has failed",
    ],
    [
      "from a reason",
      [{ from: { reason: "NO_RANGE" }, to: routingFailed }],
      "PROMISE_10003",
      "routing has failed",
    ],
    [
      "from a status",
      [{ from: { status: "NOT_FOUND" }, to: routingFailed }],
      "PROMISE_10003",
      "routing has failed",
    ],
    [
      "from a cause deep in the chain",
      [{ from: deep, to: routingFailed }],
      "PROMISE_10003",
      "routing has failed",
    ],
    [
      "at the nearest cause only",
      [
        { from: deep, at: "nearest", to: routingFailed },
        { from: noRange, at: "nearest", to: noDeliveryTime },
      ],
      "PROMISE_10002",
      "no delivery time for Mill Lane",
    ],
    [
      "that comes first wins",
      [
        { from: noRange, to: noDeliveryTime },
        { from: { system: "ROUTE" }, to: routingFailed },
      ],
      "PROMISE_10002",
      "no delivery time for Mill Lane",
    ],
    [
      "that does not match is passed over",
      [{ from: { system: "OTHER" }, to: routingFailed }],
      "PROMISE_2",
      "a system that this one needs has failed",
    ],
  ])("%s", async (_, translate, code, message) => {
    const { client } = await startHops(raise, { translate });
    for (const kind of kinds) {
      const err = await failureOf(callProbe(client, kind, ""));
      expect((err as ConnectError).rawMessage).toBe(message);
      expect(codesOf(err)).toEqual([code, "ROUTE_DISPATCH_20003", "DEEP_900"]);
      if (code !== "PROMISE_2") {
        expect(errorChain(err)?.causes[0]?.provenance).toBe(Provenance.RAISED);
      }
    }
  });

  test("that throws is told of and falls through", async () => {
    const { client, reports } = await startHops(raise, {
      translate: [
        {
          from: noRange,
          to: noDeliveryTime,
          args: () => {
            throw new Error("bad rule");
          },
        },
        { from: { system: "ROUTE" }, to: routingFailed },
      ],
    });
    expect(codesOf(await failureOf(client.unary({})))?.[0]).toBe("PROMISE_10003");
    expect(reports[0]?.problems.map(String)).toEqual(["Error: bad rule"]);
  });

  test("does not copy what is internal into a message for others by itself", async () => {
    const sorry = defineError({
      system: "PROMISE",
      code: 10004,
      reason: "SORRY",
      status: "UNAVAILABLE",
      message: "sorry about {address}",
      visibility: "PUBLIC",
    });
    const messageBy = async (rule: object) => {
      const { client } = await startHops(raise, {
        translate: [{ from: noRange, to: sorry, ...rule }],
      });
      return ((await failureOf(client.unary({}))) as ConnectError).rawMessage;
    };
    expect(await messageBy({})).toBe("sorry about {address}");
    expect(await messageBy({ args: () => ({ address: "you" }) })).toBe("sorry about you");
  });

  test("whose function is async is told of and passed over, and nothing else happens", async () => {
    const { client, reports } = await startHops(raise, {
      translate: [{ from: noRange, to: noDeliveryTime, args: rejecting as never }],
      relay: rejecting as never,
      exposure: rejecting as never,
    });
    const err = await failureOf(client.unary({}));
    expect(err).toMatchObject({
      code: Code.Internal,
      rawMessage: "the request could not be completed",
    });
    expect(reports[0]?.problems).toHaveLength(3);
  });

  async function rejecting(): Promise<never> {
    throw new Error("token service down");
  }

  test("does not touch what the handler has defined itself", async () => {
    const routeUrl = await startServer(
      "2",
      probeRoutes(() => Promise.reject(raise())),
      [createServerInterceptor({ system: "ROUTE" })],
    );
    const route = createClient(
      ProbeService,
      connectTo("gRPC", routeUrl, [createClientInterceptor()]),
    );
    const url = await startServer(
      "2",
      probeRoutes(async () => {
        throw noDeliveryTime({ address: "own" }, { cause: await failureOf(route.unary({})) });
      }),
      [createServerInterceptor({ translate: [{ from: {}, to: routingFailed }] })],
    );
    const err = await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({}));
    expect(codesOf(err)?.[0]).toBe("PROMISE_10002");
  });

  test("for a peer that is down is found by its reason", async () => {
    const dead = createClient(
      ProbeService,
      connectTo("gRPC", "http://127.0.0.1:9", [createClientInterceptor()]),
    );
    const url = await startServer(
      "2",
      probeRoutes((text) => callProbe(dead, "unary", text)),
      [
        createServerInterceptor({
          system: "PROMISE",
          translate: [{ from: { system: "PROBE", reason: "UNREACHABLE" }, to: routingFailed }],
        }),
      ],
    );
    const err = await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({}));
    expect(codesOf(err)).toEqual(["PROMISE_10003", "PROBE_ALPHA_3"]);
  });

  const to = routingFailed;
  test.each([
    [
      [
        { from: { system: "ROUTE" }, to },
        { from: noRange, to },
      ],
      /translate\[1\] can never match, because translate\[0\] matches all/,
    ],
    [
      [
        { from: {}, to },
        { from: { status: 5 }, to },
      ],
      /translate\[1\] can never match/,
    ],
    [
      [
        { from: noRange, to },
        { from: noRange, at: "nearest", to },
      ],
      /translate\[1\] can never match/,
    ],
    [[{ from: noRange }], /translate\[0\]\.to must be an error definition/],
    [[{ to }], /translate\[0\]\.from must be an error definition or a pattern/],
    [[{ from: { code: 100 }, to }], /translate\[0\]\.from\.code 100 is none that a cause can have/],
    [[{ from: { system: "route" }, to }], /translate\[0\]\.from\.system "route" is none/],
    [[{ from: { module: null }, to }], /translate\[0\]\.from\.module null is none/],
    [
      [{ from: { sytem: "ROUTE" }, to }],
      /translate\[0\]\.from has no sytem; there are system, module/,
    ],
    [[{ from: { status: "OK" }, to }], /translate\[0\]\.from\.status "OK" is not the status/],
    [[{ from: {}, to, at: "somewhere" }], /translate\[0\]\.at must be "anywhere" or "nearest"/],
    [[{ from: {}, to, args: 5 }], /translate\[0\]\.args must be a function/],
    [{}, /translate must be an array of rules/],
  ])("is checked at the start: %j", (translate, problem) => {
    expect(() => createServerInterceptor({ translate } as never)).toThrow(problem);
  });

  test("may follow one that is more special, or that looks elsewhere", () => {
    createServerInterceptor({
      translate: [
        { from: noRange, at: "nearest", to },
        { from: noRange, to },
        { from: { system: "ROUTE" }, to },
        { from: {}, to },
      ],
    });
  });
});

describe("what a hop adds to a failed call stays for engineers", () => {
  const wrap = (message: string, cause: unknown) => new Error(message, { cause });

  test.each([
    [
      "the text of a plain error",
      (err: unknown) => wrap("no ETA of 4711", err),
      "Error: no ETA of 4711",
    ],
    [
      "those of several, once each",
      (err: unknown) => wrap("order failed", wrap("no ETA: gone", wrap("gone", err))),
      "Error: order failed ← Error: no ETA: gone",
    ],
    ["none of the callee's own error", (err: unknown) => err, undefined],
    [
      "one around a definition's",
      (err: unknown) => wrap("late", routingFailed({}, { cause: err })),
      "Error: late",
    ],
    [
      "one below a definition's",
      (err: unknown) => routingFailed({}, { cause: wrap("late", err) }),
      "Error: late",
    ],
    [
      "none beside a declared cause",
      (err: unknown) => routingFailed({}, { cause: err }),
      undefined,
    ],
  ])("%s", async (_, wrapped, text) => {
    const url = await startServer(
      "2",
      probeRoutes(() => Promise.reject(noRange({ address: "A" }))),
      [createServerInterceptor({ system: "ROUTE" })],
    );
    const route = createClient(ProbeService, connectTo("gRPC", url, [createClientInterceptor()]));
    const front = await startServer(
      "2",
      probeRoutes(async (request) => {
        throw wrapped(await failureOf(callProbe(route, "unary", request)));
      }),
      [createServerInterceptor({ system: "PROMISE" })],
    );
    const err = await failureOf(createClient(ProbeService, connectTo("gRPC", front)).unary({}));
    expect(errorChain(err)?.causes.map(fullCode)).toEqual([
      expect.stringMatching(/^PROMISE_/),
      "ROUTE_DISPATCH_20003",
    ]);
    expect(errorChain(err)?.causes[0]?.privateArgs["error"]).toBe(text);
  });
});

test.each([
  [
    new Error("no order", { cause: new TypeError("rows is undefined") }),
    "Error: no order ← TypeError: rows is undefined",
  ],
  [
    new AggregateError([new Error("db1"), new Error("db2")], "no replica"),
    "AggregateError: no replica ← Error: db1 ← Error: db2",
  ],
  [{ status: 404, message: "no order 4711" }, "no order 4711"],
  [{}, "[object Object]"],
  ["only text", "only text"],
  [undefined, "undefined"],
])("of %s, engineers read all that it says", async (thrown, text) => {
  const url = await startServer(
    "2",
    probeRoutes(() => Promise.reject(thrown)),
    [createServerInterceptor({ system: "PROMISE" })],
  );
  const err = await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({}));
  expect(errorChain(err)?.causes).toMatchObject([
    { system: "PROMISE", code: "1", privateArgs: { error: text } },
  ]);
});
