import * as http from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Code,
  type ConnectRouter,
  type ConnectRouterOptions,
  createClient,
  createConnectRouter,
} from "@connectrpc/connect";
import { createFetchHandler } from "@connectrpc/connect/protocol";
import { findTrailerError, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { expressConnectMiddleware } from "@connectrpc/connect-express";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import * as grpc from "@grpc/grpc-js";
import {
  createClientInterceptor,
  defineError,
  errorChain,
  fullCode,
  isError,
  rootCause,
} from "errchain";
import { Provenance } from "errchain/proto";
import { createServerInterceptor } from "errchain/server";
import express from "express";
import fastify, { type FastifyInstance } from "fastify";
import { describe, expect, onTestFinished, test } from "vitest";
import { ProbeService, UnaryRequestSchema, UnaryResponseSchema } from "../gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, probeRoutes } from "../support/probe.ts";
import { connectTo, listen, type Protocol, startServer } from "../support/servers.ts";

// What else people serve Connect with, and the other gRPC library of Node.js.

const broken = defineError({
  system: "PROBE",
  module: "ALPHA",
  code: 20001,
  reason: "BROKEN",
  status: "FAILED_PRECONDITION",
  message: "{part} is broken",
});

const frontBroken = defineError({
  system: "FRONT",
  code: 30001,
  reason: "FRONT_BROKEN",
  status: "NOT_FOUND",
  message: "the front cannot go on",
});

type Options = Required<Pick<ConnectRouterOptions, "interceptors">> & {
  routes: (router: ConnectRouter) => void;
};

async function startFastify(options: Options, http2: boolean): Promise<string> {
  const server = (http2 ? fastify({ http2: true }) : fastify()) as FastifyInstance;
  onTestFinished(() => server.close());
  await server.register(fastifyConnectPlugin, options);
  return server.listen({ host: "127.0.0.1", port: 0 });
}

async function startExpress(options: Options): Promise<string> {
  return listen(http.createServer(express().use(expressConnectMiddleware(options))));
}

/** Functions from Request to Response: workers, and route handlers of Next.js. */
function startFetchHandlers({ routes, interceptors }: Options): Promise<string> {
  const router = createConnectRouter({ interceptors });
  routes(router);
  const handlers = new Map(
    router.handlers.map((handler) => [handler.requestPath, createFetchHandler(handler)]),
  );
  const server = http.createServer(async (req, res) => {
    const url = new URL(req.url ?? "/", "http://localhost");
    const headers = new Headers(req.headersDistinct as unknown as Record<string, string>);
    const body = await buffer(req);
    const handler = handlers.get(url.pathname);
    const response = handler
      ? await handler(new Request(url, { method: "POST", headers, body }))
      : new Response(null, { status: 404 });
    res.writeHead(response.status, Object.fromEntries(response.headers));
    Readable.fromWeb(response.body as never).pipe(res);
  });
  return listen(server);
}

const hosts: [name: string, start: (options: Options) => Promise<string>, Protocol[]][] = [
  [
    "Fastify",
    (options) => startFastify(options, false),
    ["Connect over HTTP/1.1", "gRPC-Web over HTTP/1.1"],
  ],
  [
    "Fastify with HTTP/2",
    (options) => startFastify(options, true),
    ["gRPC", "Connect over HTTP/2"],
  ],
  ["Express", startExpress, ["Connect over HTTP/1.1", "gRPC-Web over HTTP/1.1"]],
  ["a fetch handler", startFetchHandlers, ["Connect over HTTP/1.1", "gRPC-Web over HTTP/1.1"]],
];

describe.each(
  hosts.flatMap(([host, start, protocols]) =>
    protocols.flatMap((protocol) =>
      (["unary", "serverStream"] as const).map((kind) => ({ host, start, protocol, kind })),
    ),
  ),
)("$host, $kind over $protocol", ({ start, protocol, kind }) => {
  test("a middle hop puts its cause in front, in one trace", async () => {
    const traceIds: string[] = [];
    const onError = [({ traceId }: { traceId: string }) => traceIds.push(traceId)];
    const back = await startServer(
      "2",
      probeRoutes(async () => {
        throw broken({ part: "the axle" });
      }),
      [createServerInterceptor({ onError })],
    );
    const client = createClient(ProbeService, connectTo("gRPC", back, [createClientInterceptor()]));
    const url = await start({
      routes: probeRoutes(async (text) => {
        try {
          return await callProbe(client, "unary", text);
        } catch (err) {
          throw isError(err, broken) ? frontBroken({}, { cause: err }) : err;
        }
      }),
      interceptors: [createServerInterceptor({ system: "FRONT", onError })],
    });
    const front = createClient(ProbeService, connectTo(protocol, url));
    const err = await failureOf(callProbe(front, kind, "hello"));
    expect(err).toMatchObject({ code: Code.NotFound, rawMessage: "the front cannot go on" });
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["FRONT_30001", "PROBE_ALPHA_20001"]);
    expect(rootCause(err)?.args).toEqual({ part: "the axle" });
    expect(traceIds).toHaveLength(2);
    expect(traceIds[0]).toBe(traceIds[1]);
  });
});

describe("@grpc/grpc-js", () => {
  const path = "/probe.v1.ProbeService/Unary";
  const requestSerialize = (text: string) =>
    Buffer.from(toBinary(UnaryRequestSchema, create(UnaryRequestSchema, { text })));
  const requestDeserialize = (bytes: Uint8Array) => fromBinary(UnaryRequestSchema, bytes).text;
  const responseSerialize = (text: string) =>
    Buffer.from(toBinary(UnaryResponseSchema, create(UnaryResponseSchema, { text })));
  const responseDeserialize = (bytes: Uint8Array) => fromBinary(UnaryResponseSchema, bytes).text;

  test("as a client reads the chain from its metadata", async () => {
    const url = await startServer(
      "2",
      probeRoutes(async () => {
        throw broken({ part: "车轴" });
      }),
      [createServerInterceptor()],
    );
    const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
    onTestFinished(() => client.close());
    const err = await new Promise<grpc.ServiceError | null>((resolve) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, "hello", resolve),
    );
    expect(err).toMatchObject({
      code: grpc.status.FAILED_PRECONDITION,
      details: "车轴 is broken",
    });
    const [value] = err?.metadata.get("grpc-status-details-bin") ?? [];
    const trailers = new Headers({
      "grpc-status": String(err?.code),
      "grpc-status-details-bin": Buffer.from(value ?? "").toString("base64"),
    });
    const received = findTrailerError(trailers);
    expect(errorChain(received)?.causes.map(fullCode)).toEqual(["PROBE_ALPHA_20001"]);
    expect(rootCause(received)?.args).toEqual({ part: "车轴" });
  });

  /** A server on which every call fails. */
  async function startGrpcJs(error: Partial<grpc.ServiceError>): Promise<string> {
    const server = new grpc.Server();
    server.addService(
      {
        unary: {
          path,
          requestStream: false,
          responseStream: false,
          requestSerialize,
          requestDeserialize,
          responseSerialize,
          responseDeserialize,
        },
      },
      {
        unary: (_: unknown, callback: grpc.sendUnaryData<string>) => callback(error, null),
      },
    );
    onTestFinished(() => server.forceShutdown());
    const credentials = grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", credentials, (err, bound) =>
        err ? reject(err) : resolve(bound),
      ),
    );
    return `http://127.0.0.1:${port}`;
  }

  test("as a server sends a chain as metadata", async () => {
    const trailers = new Headers();
    setTrailerStatus(trailers, broken({ part: "the axle" }));
    const metadata = new grpc.Metadata();
    const value = trailers.get("grpc-status-details-bin") ?? "";
    metadata.set("grpc-status-details-bin", Buffer.from(value, "base64"));
    const url = await startGrpcJs({ code: 9, details: "the axle is broken", metadata });
    const client = createClient(ProbeService, connectTo("gRPC", url, [createClientInterceptor()]));
    const err = await failureOf(callProbe(client, "unary", "hello"));
    expect(err).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "the axle is broken" });
    expect(isError(err, broken)).toBe(true);
  });

  test("as a server without a chain is named by its caller", async () => {
    const url = await startGrpcJs({ code: 5, details: "no such part" });
    const client = createClient(ProbeService, connectTo("gRPC", url, [createClientInterceptor()]));
    const err = await failureOf(callProbe(client, "unary", "hello"));
    expect(err).toMatchObject({ code: Code.NotFound });
    expect(errorChain(err)?.causes).toMatchObject([
      {
        system: "PROBE",
        module: "ALPHA",
        code: "1",
        message: "no such part",
        provenance: Provenance.OBSERVED,
        status: Code.NotFound,
      },
    ]);
  });
});
