import * as http2 from "node:http2";
import { Code, ConnectError, type ConnectRouter, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { defineError, errorChain, fullCode, rootCause } from "errchain";
import { createServerInterceptor } from "errchain/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RouteService } from "../../examples/three-hop/gen/route/v1/route_pb.js";
import { OrderService } from "../../examples/three-hop/gen/wms/v1/order_pb.js";
import { listen, startServer } from "../support/servers.ts";
import { type Hop, libraries, startHop, whyNot } from "./support/hop.ts";

// Every language as the caller that has the answer in hand and reads it.

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

function hop(name: string): Hop {
  return hops.get(name) as Hop;
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe.each(libraries)("%s as a client", (name) => {
  const here = test.runIf(whyNot(name) === undefined);

  here("reads the chain and names the root cause, whoever answers", async () => {
    for (const entry of hops.values()) {
      const next = `x-next=${entry.address},${entry.address}`;
      const result = await hop(name).ask(
        ...["call", entry.address, "1", next, "x-odd=1", `traceparent=${traceparent}`],
      );
      expect(result).toMatchObject({
        status: Code.FailedPrecondition,
        codes: ["WMS_ORDER_10001", "PROMISE_ETA_10002", "ROUTE_DISPATCH_20003"],
        root: {
          system: "ROUTE",
          module: "DISPATCH",
          code: "20003",
          reason: "RANGE_NOT_CONFIGURED",
          message: "no delivery range is configured for 弥勒巷3号, product 生鲜",
          args: { address: "弥勒巷3号", product: "生鲜" },
          privateArgs: { answered_by: entry.name },
          provenance: "PROVENANCE_RAISED",
          visibility: "VISIBILITY_PUBLIC",
          status: "STATUS_FAILED_PRECONDITION",
          retry: { advice: "RETRY_ADVICE_DO_NOT_RETRY" },
          elided: 7,
        },
        chain: { traceId: "CvdlGRbNQ92ESOshHIAxnA==" },
      });
    }
  });

  here("names the system itself where that says nothing", async () => {
    expect(await hop(name).ask("call", "127.0.0.1:1", "1")).toMatchObject({
      status: Code.Unavailable,
      codes: ["WMS_ORDER_3"],
      root: { provenance: "PROVENANCE_OBSERVED", message: "the system could not be reached" },
    });
  });

  here("names the system also where its message is no UTF-8", async () => {
    const server = http2.createServer().on("stream", (stream) => {
      const trailers = { "grpc-status": "14", "grpc-message": "%FF" };
      stream.respond({ "content-type": "application/grpc", ...trailers }, { endStream: true });
    });
    const hostile = new URL(await listen(server)).host;
    // connect-es cannot read such an answer, and its status is lost.
    const [status, code] = name === "ts" ? [Code.Unknown, "6"] : [Code.Unavailable, "3"];
    expect(await hop(name).ask("call", hostile, "1")).toMatchObject({
      status,
      codes: [`WMS_ORDER_${code}`],
    });
  });

  here.each([
    ["cut off", "0a20"],
    ["another message", "0a03616263"],
    ["empty", ""],
  ])("takes a detail that is no chain (%s) for none", async (_, hex) => {
    const refuse = () => {
      const err = new ConnectError("no", Code.NotFound);
      err.details.push({ type: "errchain.v1.ErrorChain", value: Buffer.from(hex, "hex") });
      throw err;
    };
    const url = await startServer("2", (router) => {
      router.service(OrderService, { placeOrder: refuse });
      router.service(RouteService, { findRange: refuse });
    });
    const hostile = new URL(url).host;
    expect(await hop(name).ask("call", hostile, "1")).toMatchObject({
      status: Code.NotFound,
      codes: ["WMS_ORDER_1"],
      root: { provenance: "PROVENANCE_OBSERVED", status: "STATUS_NOT_FOUND" },
    });
    const { address } = hop(name);
    const result = await hop(name).ask("call", address, "1", `x-next=${address},${hostile}`);
    expect(result).toMatchObject({
      status: Code.FailedPrecondition,
      codes: ["WMS_ORDER_10001", "PROMISE_ETA_10002", "ROUTE_DISPATCH_1"],
    });
  });
});

// C-core (Python) drops larger errors at random, grpc-java always.

const hopFailed = defineError({
  system: "HOP",
  code: 1000,
  reason: "HOP_FAILED",
  status: "FAILED_PRECONDITION",
  message: "hop {hop} has failed: {text}",
});

const answered = defineError({
  system: "WMS",
  module: "ORDER",
  code: 1000,
  reason: "ANSWERED",
  status: "FAILED_PRECONDITION",
  message: "{text}",
});

/** A chain of a number of hops. */
function chainOf(hops: number): unknown {
  let err: unknown;
  for (let hop = hops; hop > 0; hop--) {
    err = hopFailed({ hop, text: "没有配送范围。".repeat(4) }, { cause: err });
  }
  return err;
}

// Behind a longer message a chain may be less large, see limits.ts.
describe.each([
  { what: "a short message", text: "it is broken", hops: 10, bytes: 5_200 },
  { what: "a long message", text: "it is broken, ".repeat(36), hops: 6, bytes: 4_000 },
  { what: "a long message in Chinese", text: "没有配送范围。".repeat(24), hops: 5, bytes: 3_600 },
])("the largest chain behind $what", ({ text, hops, bytes }) => {
  // Two chains that fit just so: nothing has to be left out.
  const error = answered({ text }, { cause: [chainOf(hops), chainOf(hops)] });
  const routes = (router: ConnectRouter) =>
    router.service(OrderService, {
      placeOrder() {
        throw error;
      },
    });
  const interceptors = [createServerInterceptor({ maxBytes: 5500 })];
  const start = () => listen(http2.createServer(connectNodeAdapter({ routes, interceptors })));

  test("is as large as it may be", async () => {
    const wms = createClient(OrderService, createGrpcTransport({ baseUrl: await start() }));
    const err = await wms.placeOrder({}).catch((reason: unknown) => reason);
    const [detail] = (err as ConnectError).details;
    const size = detail !== undefined && "value" in detail ? detail.value.length : 0;
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(512);
    expect(errorChain(err)?.causes).toHaveLength(1 + 2 * hops);
    expect(size).toBeGreaterThan(bytes);
  });

  for (const name of libraries.filter((library) => library !== "ts")) {
    test.runIf(whyNot(name) === undefined)(`reaches ${name} 1,000 times out of 1,000`, async () => {
      const url = await start();
      const wms = createClient(OrderService, createGrpcTransport({ baseUrl: url }));
      const err = await wms.placeOrder({}).catch((reason: unknown) => reason);
      const result = await hop(name).ask("call", new URL(url).host, "1000");
      expect(result).toMatchObject({ status: Code.FailedPrecondition, whole: 1000 });
      expect(result.codes).toEqual(errorChain(err)?.causes.map(fullCode));
      expect(result.root).toMatchObject({
        message: rootCause(err)?.message,
        args: { hop: `${hops}` },
      });
    });
  }
});
