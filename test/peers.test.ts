import * as http from "node:http";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { createClientInterceptor, defineError, errorChain, fullCode } from "errchain";
import { ErrorChainSchema, Provenance } from "errchain/proto";
import { createServerInterceptor } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService, UndeclaredService } from "./gen/probe/v1/probe_pb.js";
import { noRouteUrl, refusedUrl, resetting } from "./support/faults.js";
import { callProbe, failureOf, probeRoutes } from "./support/probe.js";
import { connectTo, httpVersionOf, listen, protocols, startServer } from "./support/servers.js";

// What a hop says of callees that know nothing of this library, or lie.

const ADDRESS = /127\.0\.0\.1|255\.255/;

const own = defineError({
  system: "FRONT",
  code: 1001,
  reason: "OWN",
  status: "FAILED_PRECONDITION",
  message: "the front cannot go on",
});

const codesOf = (err: unknown) => errorChain(err)?.causes.map(fullCode);

describe.each(protocols)("over %s", (protocol) => {
  const client = (url: string, ...interceptors: Parameters<typeof connectTo>[2] & object) =>
    createClient(ProbeService, connectTo(protocol, url, interceptors));

  test("a peer that is down is named, and its address is for engineers only", async () => {
    const err = await failureOf(client(refusedUrl, createClientInterceptor()).unary({}));
    expect(err).toMatchObject({ code: Code.Unavailable });
    expect(errorChain(err)?.causes).toMatchObject([
      {
        system: "PROBE",
        module: "ALPHA",
        reason: "UNREACHABLE",
        message: "the system could not be reached",
        provenance: Provenance.OBSERVED,
        procedure: "probe.v1.ProbeService/Unary",
        privateArgs: { error: expect.stringContaining("127.0.0.1:9") },
      },
    ]);
  });

  test.each([
    ["refuses connections", () => refusedUrl],
    ["cannot be reached", () => noRouteUrl],
    ["resets connections", () => listen(resetting())],
  ])(
    "without the client interceptor, the address of a peer that %s does not leave",
    async (_, start) => {
      const peerUrl = await start();
      const url = await startServer(
        httpVersionOf(protocol),
        probeRoutes((text) => callProbe(client(peerUrl), "unary", text)),
        [createServerInterceptor({ system: "FRONT" })],
      );
      const err = await failureOf(client(url).unary({}));
      expect(err).toMatchObject({ code: Code.Unavailable });
      expect((err as ConnectError).message).not.toMatch(ADDRESS);
      expect(codesOf(err)).toEqual(["FRONT_2"]);
      expect(errorChain(err)?.causes[0]?.message).not.toMatch(ADDRESS);
    },
  );

  test("a peer with an empty or unreadable chain is named all the same", async () => {
    for (const value of [new Uint8Array(), Uint8Array.of(0xff, 0xff), Uint8Array.of(0x0a, 0)]) {
      const url = await startServer(
        httpVersionOf(protocol),
        probeRoutes(async () => {
          const err = new ConnectError("busy", Code.NotFound);
          err.details.push({ type: ErrorChainSchema.typeName, value });
          throw err;
        }),
      );
      const err = await failureOf(client(url, createClientInterceptor()).unary({}));
      expect(err).toMatchObject({ code: Code.NotFound, rawMessage: "busy" });
      expect(errorChain(err)?.causes).toMatchObject([
        { system: "PROBE", code: "1", message: "busy", status: Code.NotFound },
      ]);
      expect((err as ConnectError).details).toHaveLength(1);
    }
  });

  test("a procedure that the peer does not implement says so", async () => {
    const url = await startServer(
      httpVersionOf(protocol),
      (router) => router.service(ProbeService, {}),
      [createServerInterceptor()],
    );
    const err = await failureOf(client(url, createClientInterceptor()).unary({}));
    expect(err).toMatchObject({ code: Code.Unimplemented });
    expect(codesOf(err)).toEqual(["PROBE_ALPHA_7"]);
    const unknown = createClient(
      UndeclaredService,
      connectTo(protocol, url, [createClientInterceptor()]),
    );
    const notFound = await failureOf(unknown.call({}));
    expect(notFound).toMatchObject({ code: Code.Unimplemented });
    expect(codesOf(notFound)).toEqual(["PROBE_7"]);
  });

  test("a request that cannot be written is not the fault of the peer", async () => {
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async () => "never"),
    );
    const request = {
      $typeName: "probe.v1.UnaryRequest",
      get text() {
        throw new Error("cannot be read");
      },
    };
    const err = await failureOf(client(url, createClientInterceptor()).unary(request as never));
    expect(errorChain(err)).toBeUndefined();
  });

  test("the interceptor listed twice answers as it does once", async () => {
    const url = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async () => {
        throw own({}, { cause: new ConnectError("x") });
      }),
      [createServerInterceptor({ system: "FRONT" }), createServerInterceptor({ system: "FRONT" })],
    );
    const err = await failureOf(client(url).unary({}));
    expect(err).toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: "the front cannot go on",
    });
    expect(codesOf(err)).toEqual(["FRONT_1001"]);
  });
});

test.each([
  ["speaks of writeMaxBytes", 200, { "content-type": "larger than configured writeMaxBytes" }],
  ["has a trailer without a name", 404, { "content-type": "application/json", "trailer-": "x" }],
])("an answer that %s is the peer's, and nothing of it leaves", async (_, status, headers) => {
  const peerUrl = await listen(
    http.createServer((_, res) => {
      res.writeHead(status, { ...headers, "set-cookie": "session=1" }).end('{"code":"not_found"}');
    }),
  );
  const protocol = "Connect over HTTP/1.1";
  for (const trust of ["chain", "none"] as const) {
    const interceptor = createClientInterceptor({ trust });
    const peer = createClient(ProbeService, connectTo(protocol, peerUrl, [interceptor]));
    const url = await startServer(
      "1.1",
      probeRoutes((text) => callProbe(peer, "unary", text)),
      [createServerInterceptor({ system: "FRONT" })],
    );
    const err = await failureOf(createClient(ProbeService, connectTo(protocol, url)).unary({}));
    expect(codesOf(err)).toEqual(["FRONT_2", "PROBE_ALPHA_6"]);
    expect((err as ConnectError).metadata.has("set-cookie")).toBe(false);
  }
});

test("a request that cannot be written as JSON is not the fault of the peer either", async () => {
  const baseUrl = await startServer(
    "1.1",
    probeRoutes(async () => "never"),
  );
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    useBinaryFormat: false,
    interceptors: [createClientInterceptor()],
  });
  const request = { $typeName: "probe.v1.UnaryRequest", text: 5 };
  const err = await failureOf(createClient(ProbeService, transport).unary(request as never));
  expect((err as ConnectError).rawMessage).toMatch(/^cannot encode /);
  expect(errorChain(err)).toBeUndefined();
});

test.each([
  ["the procedure that was called", "probe.v1.ProbeService/Unary", ["ROUTE_5"]],
  ["with a slash, as in a path", "/probe.v1.ProbeService/Unary", ["ROUTE_5"]],
  ["none, as behind an edge", "", ["ROUTE_5"]],
  ["no more than a slash", "/", ["ROUTE_5"]],
  ["another one", "route.v1.RouteService/FindRange", ["PROBE_ALPHA_2", "ROUTE_5"]],
])("a chain whose nearest cause names %s", async (_, procedure, codes) => {
  const url = await startServer(
    "2",
    probeRoutes(async () => {
      const value = { causes: [{ system: "ROUTE", code: "5", procedure }] };
      throw new ConnectError("no", Code.NotFound, {}, [{ desc: ErrorChainSchema, value }]);
    }),
  );
  const transport = connectTo("gRPC", url, [createClientInterceptor()]);
  expect(codesOf(await failureOf(createClient(ProbeService, transport).unary({})))).toEqual(codes);
});

test("a definition of another copy of the library is the answer too", async () => {
  const copy = "../dist/catalog/define-error.js?copy";
  const { defineError: defineElsewhere } = (await import(copy)) as {
    defineError: typeof defineError;
  };
  const foreign = defineElsewhere({
    system: "FRONT",
    code: 1002,
    reason: "FOREIGN",
    status: "FAILED_PRECONDITION",
    message: "of another copy",
  });
  const url = await startServer(
    "2",
    probeRoutes(async () => {
      throw foreign({}, { cause: [own(), own()] });
    }),
    [createServerInterceptor({ system: "FRONT" })],
  );
  const err = await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({}));
  expect(err).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "of another copy" });
  expect(codesOf(err)).toEqual(["FRONT_1002", "FRONT_1001", "FRONT_1001"]);
  expect(errorChain(err)?.causes[0]).toMatchObject({
    branches: 2,
    procedure: expect.stringContaining("Unary"),
  });
});

test("options are checked when the interceptor is made", () => {
  const make = (options: object) => () => createServerInterceptor(options);
  expect(make({ onError: () => {} })).toThrow(/onError must be an array of functions/);
  expect(make({ onError: [5] })).toThrow(TypeError);
  expect(make({ module: "ETA" })).toThrow(/system ""/);
  expect(make({ system: "front" })).toThrow(/system "front"/);
  expect(make({ maxBytes: 10 })).toThrow(/maxBytes must be 256 bytes or more, not 10/);
  expect(make({ maxBytes: Number.NaN })).toThrow(RangeError);
  expect(() => createClientInterceptor({ peer: { system: "x" } })).toThrow(/system "x"/);
});
