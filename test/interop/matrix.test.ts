import { Code, type ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { errorChain, fullCode, rootCause } from "errchain";
import { type ErrorChain, Provenance } from "errchain/proto";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { RouteService } from "../../examples/three-hop/gen/route/v1/route_pb.js";
import { OrderService } from "../../examples/three-hop/gen/wms/v1/order_pb.js";
import {
  connectLibraries,
  type Hop,
  languages,
  libraries,
  startHop,
  whyNot,
} from "./support/hop.ts";

// Every language as every one of the three systems, over real sockets: WMS calls
// PROMISE, PROMISE calls ROUTE, and the answer of WMS names ROUTE.

const hops = new Map<string, Hop>();

beforeAll(async () => {
  for (const hop of await Promise.all(libraries.filter((name) => !whyNot(name)).map(startHop))) {
    hops.set(hop.name, hop);
  }
});

afterAll(() => {
  for (const hop of hops.values()) {
    hop.stop();
  }
});

test("nothing is skipped in CI", () => {
  expect(process.env["CI"] ? inject("skipped") : {}).toEqual({});
});

const traceId = "0af7651916cd43dd8448eb211c80319c";
const codes = ["WMS_ORDER_10001", "PROMISE_ETA_10002", "ROUTE_DISPATCH_20003"];
const address = "弥勒巷3号, 21037 Hamburg";

function addressOf(name: string): string {
  return hops.get(name)?.address ?? "";
}

/** Places an order, and gives what the user of WMS gets. */
async function placeOrder(
  wms: string,
  next: string,
  headers: Record<string, string> = {},
  protocol: "grpc" | "connect" = "grpc",
  where = address,
): Promise<unknown> {
  const baseUrl = `http://${addressOf(wms)}`;
  const transport: Transport =
    protocol === "grpc"
      ? createGrpcTransport({ baseUrl })
      : createConnectTransport({ baseUrl, httpVersion: "2" });
  const call = createClient(OrderService, transport).placeOrder(
    { order: "4711", address: where, product: "生鲜" },
    {
      headers: {
        "x-next": next,
        "x-protocol": protocol,
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
        ...headers,
      },
    },
  );
  return call.then(
    ({ deliveryTime }) => deliveryTime,
    (reason) => reason,
  );
}

function answeredBy(chain: ErrorChain | undefined): (string | undefined)[] {
  return chain?.causes.map((cause) => cause.privateArgs["answered_by"]) ?? [];
}

function expectWholeChain(err: unknown, cell: readonly string[]): void {
  expect(err).toMatchObject({
    code: Code.FailedPrecondition,
    rawMessage: "order cannot be promised",
  });
  const chain = errorChain(err);
  expect(chain?.causes.map(fullCode)).toEqual(codes);
  expect(answeredBy(chain)).toEqual(cell);
  expect(chain?.causes.map((cause) => cause.branches)).toEqual([1, 1, 0]);
  expect(chain?.causes.every((cause) => cause.provenance === Provenance.RAISED)).toBe(true);
  expect(Buffer.from(chain?.traceId ?? []).toString("hex")).toBe(traceId);
  const root = rootCause(err);
  expect(root).toMatchObject({
    reason: "RANGE_NOT_CONFIGURED",
    message: `no delivery range is configured for ${address}, product 生鲜`,
    args: { address, product: "生鲜" },
    help: "https://docs.example.com/errors/ROUTE_DISPATCH_20003",
    status: Code.FailedPrecondition,
    elided: 7,
  });
  const unknown = root?.$unknown?.find(({ no }) => no === 900);
  expect(Buffer.from(unknown?.data ?? []).toString()).toContain("from a newer version");
}

function cellsOf(names: readonly string[]) {
  return names.flatMap((a) => names.flatMap((b) => names.map((c) => [a, b, c] as const)));
}

async function checkCell(cell: readonly [string, string, string], protocol: "grpc" | "connect") {
  const [a, b, c] = cell;
  const next = `${addressOf(b)},${addressOf(c)}`;
  for (const join of ["bytes", "message"]) {
    const err = await placeOrder(a, next, { "x-join": join, "x-odd": "1" }, protocol);
    expectWholeChain(err, cell);
  }
}

const isHere = (cell: readonly string[]) => cell.every((name) => whyNot(name) === undefined);

describe("three hops over gRPC", () => {
  for (const cell of cellsOf(languages)) {
    test.runIf(isHere(cell))(cell.join(" × "), () => checkCell(cell, "grpc"));
  }
});

describe("three hops over gRPC, with the Connect libraries among them", () => {
  const languageOnly = (cell: readonly string[]) => cell.every((name) => !name.includes("-"));
  for (const cell of cellsOf(libraries).filter((cell) => !languageOnly(cell))) {
    test.runIf(isHere(cell))(cell.join(" × "), () => checkCell(cell, "grpc"));
  }
});

describe("three hops over Connect", () => {
  for (const cell of cellsOf(connectLibraries)) {
    test.runIf(isHere(cell))(cell.join(" × "), () => checkCell(cell, "connect"));
  }
});

describe.each(libraries)("%s", (name) => {
  const here = test.runIf(isHere([name]));

  here("passes on a success", async () => {
    const next = `${addressOf(name)},${addressOf(name)}`;
    const answer = await placeOrder(name, next, {}, "grpc", "Harbour Road 12");
    expect(answer).toBe("Hamburg Mitte");
  });

  here("puts its cause in front of several chains, in either way", async () => {
    const all = [...hops.keys()];
    const leaves = all.map(addressOf).join("+");
    for (const join of ["bytes", "message"]) {
      const err = await placeOrder(name, `${addressOf(name)},${leaves}`, { "x-join": join });
      const chain = errorChain(err);
      expect(chain?.causes.map((cause) => cause.branches)).toEqual([
        1,
        all.length,
        ...all.map(() => 0),
      ]);
      expect(answeredBy(chain)).toEqual([name, name, ...all]);
    }
  });

  here("names a system that cannot be reached", async () => {
    const err = await placeOrder(name, `${addressOf(name)},127.0.0.1:1`);
    expect(errorChain(err)?.causes.map(fullCode)).toEqual([
      "WMS_ORDER_10001",
      "PROMISE_ETA_10002",
      "ROUTE_DISPATCH_3",
    ]);
    expect(rootCause(err)).toMatchObject({
      provenance: Provenance.OBSERVED,
      status: Code.Unavailable,
      message: "the system could not be reached",
    });
  });
});

describe.each(libraries.filter((name) => name !== "ts"))(
  "%s, by the code of the examples,",
  (name) => {
    const here = test.runIf(isHere([name]));

    // C-core, which Python has, drops an answer whose trailers are too large, and its code with it.
    test.runIf(isHere([name, "python"]))("answers grpcio with a long text", async () => {
      for (const text of ["x".repeat(6_000), "没".repeat(2_000)]) {
        const next = `${addressOf("python")},${addressOf(name)}`;
        const err = await placeOrder("python", next, {}, "grpc", text);
        expect(errorChain(err)?.causes.map(fullCode)).toEqual(codes);
      }
    });

    here.each([
      ["a long text", "没".repeat(2_000), /^no delivery range is configured for 没+$/],
      [
        "a text that is no UTF-8",
        "caf?",
        /^no delivery range is configured for caf[?\ufffd], product $/,
      ],
    ])("keeps its code and its chain with %s", async (_, text, message) => {
      const transport = createGrpcTransport({ baseUrl: `http://${addressOf(name)}` });
      const answer = createClient(RouteService, transport).findRange({ address: text });
      const err = await answer.catch((reason: unknown) => reason);
      expect(err).toMatchObject({
        code: Code.FailedPrecondition,
        rawMessage: expect.stringMatching(message),
      });
      expect(Buffer.byteLength((err as ConnectError).rawMessage)).toBeLessThanOrEqual(512);
      expect(errorChain(err)?.causes.map(fullCode)).toEqual(["ROUTE_DISPATCH_20003"]);
      if (text === "caf?") {
        const asked = expect.stringMatching(/^caf[?\ufffd]$/);
        expect(rootCause(err)).toMatchObject({
          args: { address: asked },
          privateArgs: { asked_for: asked },
        });
      }
    });
  },
);
