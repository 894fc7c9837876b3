import { execFileSync } from "node:child_process";
import { request } from "node:http";
import { join } from "node:path";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { type HubService, Role, TrendGroup } from "../gen/errchain/hub/v1/hub_pb.js";
import { type HubProcess, settled, startHub, testFolder } from "./support/hub-process.ts";
import { linesBytes, postLogs } from "./support/otlp.ts";

/** The error codes of the three-hop example as an image, as a user makes it. */
function exampleCatalog(): string {
  const file = join(testFolder(), "image.binpb");
  const root = join(import.meta.dirname, "../../..");
  execFileSync("npx", ["buf", "build", "-o", file], { cwd: root });
  return file;
}

const hex = "4bf92f3577b34da6a3ce929d0e0e4736";
const iso = (ms: number) => new Date(ms).toISOString();

/** Three hops of one trace, a millisecond apart. */
const threeHops = (traceId: string, at: number) => [
  `${iso(at)} ${traceId}|ROUTE_DISPATCH_20003|no delivery range is configured`,
  `${iso(at + 1)} ${traceId}|PROMISE_ETA_10002|there is no delivery time`,
  `${iso(at + 2)} ${traceId}|WMS_ORDER_10001|the order cannot be promised`,
];

async function send(hub: HubProcess, lines: readonly string[]): Promise<void> {
  expect((await postLogs(hub, linesBytes(lines))).status).toBe(200);
  await settled(hub);
}

const failure = async (call: Promise<unknown>) =>
  ConnectError.from(
    await call.then(
      () => "no error",
      (err) => err,
    ),
  );

describe.each(["api", "grpcApi"] as const)("%s", (port) => {
  test("answers all that the page asks", async () => {
    const hub = await startHub({ args: ["--catalog", exampleCatalog()] });
    const api: Client<typeof HubService> = hub[port];
    const now = Date.now();
    await send(hub, [
      ...threeHops(hex, now - 60_000),
      ...threeHops("t2", now - 30_000),
      `${iso(now - 10_000)} t3|WMS_ORDER_10001|alone`,
    ]);

    const { trace } = await api.getTrace({ text: `"00-${hex}-00f067aa0ba902b7-01"` });
    expect(trace?.summary).toMatchObject({
      traceId: hex,
      sentence: "ROUTE (module DISPATCH) probably failed first: no delivery range is configured",
      owner: expect.stringMatching(/./),
      systems: ["WMS", "PROMISE", "ROUTE"],
    });
    expect(trace?.firstFault).toBe(2);
    expect(trace?.hops[2]?.info).toMatchObject({
      reason: "RANGE_NOT_CONFIGURED",
      meaning: expect.stringMatching(/./),
      remedy: expect.stringMatching(/./),
      builtin: false,
    });
    expect(trace?.text).toContain("WMS_ORDER_10001 the order cannot be promised\n└─ PROMISE_ETA");

    const search = await api.searchTraces({ filter: { role: Role.ROOT, system: "ROUTE" } });
    expect(search.traces.map(({ traceId }) => traceId)).toEqual(["t2", hex]);

    const root = await api.topCodes({ role: Role.ROOT });
    expect(root).toMatchObject({ total: 3n, totalBefore: 0n, codeCount: 2n });
    expect(root.codes[0]).toMatchObject({
      code: { fullCode: "ROUTE_DISPATCH_20003" },
      count: 2n,
      share: 2 / 3,
      isNew: true,
      info: { reason: "RANGE_NOT_CONFIGURED" },
    });
    expect(root.systems.map(({ system, count }) => [system, count])).toEqual([
      ["ROUTE", 2n],
      ["WMS", 1n],
    ]);
    const surfaced = await api.topCodes({ role: Role.SURFACED });
    expect(surfaced.codes.map(({ code, count }) => [code?.fullCode, count])).toEqual([
      ["WMS_ORDER_10001", 3n],
    ]);

    const trend = await api.trend({ group: TrendGroup.CODE });
    expect(trend.stepSeconds).toBe(60);
    expect(trend.series.map(({ name, total }) => [name, total])).toEqual([
      ["ROUTE_DISPATCH_20003", 2n],
      ["WMS_ORDER_10001", 1n],
    ]);

    const code = await api.getCode({ fullCode: "PROMISE_ETA_10002" });
    expect(code).toMatchObject({
      count: 2n,
      rootCount: 0n,
      comesFrom: [{ code: { fullCode: "ROUTE_DISPATCH_20003" }, count: 2n, share: 1 }],
      turnsInto: [{ code: { fullCode: "WMS_ORDER_10001" }, count: 2n, share: 1 }],
    });

    expect(await api.getStatus({})).toMatchObject({
      tokenNeeded: true,
      httpUrl: hub.httpUrl,
      grpcUrl: hub.grpcUrl,
      traceCount: 3n,
      recordCount: 7n,
      catalogCount: 4,
      retentionDays: 14,
    });
  });

  test("refuses what makes no sense, and says what to change", async () => {
    const hub = await startHub();
    const api = hub[port];
    const at = (ms: number) => timestampFromDate(new Date(ms));
    for (const [call, code, message] of [
      [() => api.getTrace({ text: " " }), Code.InvalidArgument, "empty"],
      [() => api.getTrace({ text: "x".repeat(100_000) }), Code.InvalidArgument, "characters"],
      [() => api.getTrace({ text: hex }), Code.NotFound, "no failure of this trace"],
      [() => api.getCode({ fullCode: "A_1000" }), Code.NotFound, "never"],
      [() => api.searchTraces({ pageToken: "x" }), Code.InvalidArgument, "page_token"],
      [() => api.topCodes({ role: 9 as never }), Code.InvalidArgument, "no role 9"],
      [() => api.trend({ stepSeconds: 7 }), Code.InvalidArgument, "multiple of 60"],
      [
        () => api.topCodes({ range: { start: at(2), end: at(1) } }),
        Code.InvalidArgument,
        "ends before",
      ],
    ] as const) {
      const err = await failure(call());
      expect([err.code, err.rawMessage]).toEqual([code, expect.stringContaining(message)]);
    }
    const long = await api.trend({ range: { start: at(1), end: at(4e12) }, stepSeconds: 60 });
    expect(long.series[0]?.counts.length).toBeLessThanOrEqual(1500);
  });

  test("tells watchers of what matches, with what came before", async () => {
    const hub = await startHub();
    await send(hub, threeHops("before", Date.now()));
    const seen: string[] = [];
    const stop = new AbortController();
    const watched = (async () => {
      const filter = { role: Role.ROOT, system: "ROUTE" };
      for await (const { trace } of hub[port].watchTraces(
        { filter, backlog: 10 },
        { signal: stop.signal },
      )) {
        if (trace !== undefined) seen.push(trace.traceId);
      }
    })().catch((err: unknown) => ConnectError.from(err).code);
    await expect.poll(() => seen).toEqual(["before"]);
    await send(hub, [...threeHops("after", Date.now()), "other|STOCK_1000|m"]);
    await expect.poll(() => seen).toEqual(["before", "after"]);
    stop.abort();
    expect(await watched).toBe(Code.Canceled);
  });
});

describe("who is let in", () => {
  const get = (url: string, init: RequestInit = {}) => fetch(url, { redirect: "manual", ...init });

  test("a browser with the token in the address gets a cookie, and the address is cleaned", async () => {
    const { httpUrl, token } = await startHub();
    const login = await get(`${httpUrl}/t/abc?x=1&token=${token}`);
    expect(login.status).toBe(303);
    expect(login.headers.get("location")).toBe("/t/abc?x=1");
    const cookie = login.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/HttpOnly; SameSite=Lax/);
    expect(cookie).not.toContain(token);
    const headers = { cookie: cookie.split(";")[0] ?? "" };
    expect((await get(`${httpUrl}/t/abc.txt`, { headers })).status).toBe(404);
    const api = `${httpUrl}/errchain.hub.v1.HubService/GetStatus`;
    const call = { method: "POST", body: "{}" };
    const json = { "content-type": "application/json" };
    expect((await get(api, { ...call, headers: { ...headers, ...json } })).status).toBe(200);
    expect((await get(api, { ...call, headers: json })).status).toBe(401);
  });

  test("without it, a person is asked for it, and a program told", async () => {
    const { httpUrl, token } = await startHub();
    const html = { accept: "text/html" };
    const asked = await get(`${httpUrl}/t/abc?x=%22%3E%3Cscript%3E`, { headers: html });
    expect(asked.status).toBe(401);
    const page = await asked.text();
    expect(page).toContain("<form");
    expect(page).not.toContain("<script");
    expect((await get(`${httpUrl}/?token=wrong`)).status).toBe(401);
    expect(await (await get(`${httpUrl}/`)).text()).toContain("authorization: Bearer");
    expect((await get(`${httpUrl}/healthz`)).status).toBe(200);
    const login = (next: string, token: string) =>
      get(`${httpUrl}/login?next=${encodeURIComponent(next)}`, {
        method: "POST",
        body: new URLSearchParams({ token }),
      });
    expect((await login("/t/abc?x=1", "wrong")).status).toBe(401);
    expect((await login("/t/abc?x=1", token)).headers.get("location")).toBe("/t/abc?x=1");
    for (const elsewhere of ["//evil.example", "https://evil.example", "/\\evil.example"]) {
      expect((await login(elsewhere, token)).headers.get("location")).toBe("/");
    }
  });

  test("the token is kept, or given, or switched off", async () => {
    const first = await startHub();
    await first.stop();
    const second = await startHub({ folder: first.folder });
    expect(second.token).toBe(first.token);
    const given = await startHub({ args: ["--token", "a-token-of-my-own"] });
    expect(given.token).toBe("a-token-of-my-own");
    const open = await startHub({ args: ["--no-auth"] });
    expect((await get(`${open.httpUrl}/t/abc.txt`)).status).toBe(404);
    const stranger = await new Promise<number | undefined>((resolve, reject) => {
      request(`${open.httpUrl}/t/abc.txt`, { headers: { host: "evil.example" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(stranger).toBe(403);
  });
});

test("a trace ID is found among many other numbers", async () => {
  const hub = await startHub();
  await send(hub, ["1677474.49460.9140|OLD_SYS_1|m"]);
  const others = Array.from({ length: 100 }, () => crypto.randomUUID());
  const { trace } = await hub.api.getTrace({ text: `${others.join(", ")} 1677474.49460.9140` });
  expect(trace?.summary?.traceId).toBe("1677474.49460.9140");
});

test("a trace as plain text under its permalink", async () => {
  const hub = await startHub();
  const odd = "a b/c?d%20ü";
  await send(hub, [...threeHops(hex, Date.now())]);
  const body = JSON.stringify({
    resourceLogs: [
      {
        scopeLogs: [
          { logRecords: [{ body: { stringValue: "a_b/c?d%20ü|A_1000|<b>\\u001b[31m" } }] },
        ],
      },
    ],
  });
  await postLogs(hub, body, { "content-type": "application/json" });
  const get = (id: string) =>
    fetch(`${hub.httpUrl}/t/${encodeURIComponent(id)}.txt`, { headers: hub.headers });
  const response = await get(hex);
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(await response.text()).toBe(`Trace ${hex}
ROUTE (module DISPATCH) probably failed first: no delivery range is configured
How sure: time order only (a guess)
Note: 2 hops are linked by the time of failure alone; clocks may differ.

WMS_ORDER_10001 the order cannot be promised
└─ PROMISE_ETA_10002 there is no delivery time  [linked by time]
   └─ ROUTE_DISPATCH_20003 no delivery range is configured  [linked by time, first fault]
`);
  expect(await (await get("a_b/c?d%20ü")).text()).toContain("A_1000 <b>\\u001b[31m");
  expect((await get(odd)).status).toBe(404);
});
