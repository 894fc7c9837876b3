import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import { setTimeout } from "node:timers/promises";
import { Code, type ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  createClientInterceptor,
  createErrorChainTransport,
  createRetryInterceptor,
  errorChain,
  fullCode,
} from "errchain";
import { Provenance } from "errchain/proto";
import { describe, expect, test } from "vitest";
import { ProbeService, UndeclaredService } from "./gen/probe/v1/probe_pb.js";
import * as faults from "./support/faults.js";
import { callProbe, failureOf, kinds, probeRoutes } from "./support/probe.js";
import { selfSigned } from "./support/self-signed.js";
import {
  connectTo,
  httpVersionOf,
  listen,
  type MoreOptions,
  type Protocol,
  protocols,
  startServer,
} from "./support/servers.js";
import { startVictim } from "./support/victim.js";

// Peers that cannot speak for themselves. Whoever calls them says what it saw.

const UNREACHABLE = "PROBE_ALPHA_3";
const TIMED_OUT = "PROBE_ALPHA_4";
const CANCELED = "PROBE_ALPHA_5";
const MALFORMED = "PROBE_ALPHA_6";
const UNIMPLEMENTED = "PROBE_ALPHA_7";

/** What connect-es says of an answer that it cannot read. */
const BROKEN = [Code.Unknown, Code.Internal];

type Wrap = (protocol: Protocol, url: string, options?: MoreOptions) => Transport;

const wraps: readonly (readonly [string, Wrap])[] = [
  [
    "interceptor",
    (protocol, url, options) => connectTo(protocol, url, [createClientInterceptor()], options),
  ],
  [
    "transport",
    (protocol, url, options) => createErrorChainTransport(connectTo(protocol, url, [], options)),
  ],
];

const contentTypes: Record<Protocol, Record<"unary" | "stream", string>> = {
  "Connect over HTTP/1.1": { unary: "application/proto", stream: "application/connect+proto" },
  "Connect over HTTP/2": { unary: "application/proto", stream: "application/connect+proto" },
  gRPC: { unary: "application/grpc+proto", stream: "application/grpc+proto" },
  "gRPC-Web over HTTP/1.1": {
    unary: "application/grpc-web+proto",
    stream: "application/grpc-web+proto",
  },
  "gRPC-Web over HTTP/2": {
    unary: "application/grpc-web+proto",
    stream: "application/grpc-web+proto",
  },
};

/** What the caller says of a peer, after one attempt. */
function expectObserved(err: unknown, expected: string, status: Code | Code[], kind = "unary") {
  const statuses = [status].flat();
  expect(statuses).toContain((err as ConnectError).code);
  expect(errorChain(err)?.causes.map(fullCode)).toEqual([expected]);
  const [cause] = errorChain(err)?.causes ?? [];
  expect(cause).toMatchObject({
    provenance: Provenance.OBSERVED,
    status: (err as ConnectError).code,
    procedure: `probe.v1.ProbeService/${kind[0]?.toUpperCase()}${kind.slice(1)}`,
    retry: { attempts: 1 },
    privateArgs: { duration_ms: expect.stringMatching(/^\d+$/) },
  });
  expect(cause?.message).not.toMatch(/127\.0\.0\.1|10\.0\.0\.7|invalid|:\d{2,}|\//);
}

describe.each(wraps)("seen by the %s", (how, wrap) => {
  describe.each(protocols)("over %s", (protocol) => {
    const httpVersion = httpVersionOf(protocol);
    const client = (url: string, options?: MoreOptions) =>
      createClient(ProbeService, wrap(protocol, url, options));
    const possible = httpVersion === "2" ? kinds : kinds.filter((kind) => kind !== "bidiStream");

    test.each(possible)("refused (%s)", async (kind) => {
      const err = await failureOf(callProbe(client(faults.refusedUrl), kind, ""));
      expectObserved(err, UNREACHABLE, Code.Unavailable, kind);
    });

    test("no route", async () => {
      const err = await failureOf(client(faults.noRouteUrl).unary({}));
      expectObserved(err, UNREACHABLE, Code.Unavailable);
    });

    test("no route to one address, and refused at the other", async () => {
      const nodeOptions = { lookup: faults.lookupOf("255.255.255.255", "127.0.0.1") };
      const err = await failureOf(client("http://two.test:9", { nodeOptions }).unary({}));
      expectObserved(err, UNREACHABLE, Code.Unavailable);
    });

    test("unknown host", async () => {
      const err = await failureOf(client(faults.unknownHostUrl).unary({}));
      expectObserved(err, UNREACHABLE, Code.Unavailable);
    });

    test.each(possible)("a process killed in the middle of a call (%s)", async (kind) => {
      const victim = await startVictim(httpVersion);
      const call = failureOf(callProbe(client(victim.url), kind, ""));
      await victim.called();
      victim.kill();
      expectObserved(await call, UNREACHABLE, Code.Unavailable, kind);
    });

    test.each(possible)("hung (%s)", async (kind) => {
      const url = await startServer(
        httpVersion,
        probeRoutes(() => setTimeout(3_000, "late")),
      );
      const err = await failureOf(callProbe(client(url), kind, "", { timeoutMs: 200 }));
      expectObserved(err, TIMED_OUT, Code.DeadlineExceeded, kind);
    });

    test("a black hole", async () => {
      const url = await listen(faults.blackHole());
      const err = await failureOf(client(url).unary({}, { timeoutMs: 200 }));
      expectObserved(err, TIMED_OUT, Code.DeadlineExceeded);
    });

    test.each(possible)("reset (%s)", async (kind) => {
      const url = await listen(faults.resetting());
      expectObserved(
        await failureOf(callProbe(client(url), kind, "")),
        UNREACHABLE,
        Code.Unavailable,
        kind,
      );
    });

    test.each(["unary", "serverStream"] as const)("half an answer (%s)", async (kind) => {
      const type = contentTypes[protocol][kind === "unary" ? "unary" : "stream"];
      const url = await listen(faults.halfAnswer(httpVersion, type));
      expectObserved(
        await failureOf(callProbe(client(url), kind, "")),
        UNREACHABLE,
        Code.Unavailable,
        kind,
      );
    });

    test.each([
      [200, MALFORMED, BROKEN],
      [502, UNREACHABLE, Code.Unavailable],
      [503, UNREACHABLE, Code.Unavailable],
      [504, UNREACHABLE, Code.Unavailable],
    ])("a load balancer's page with status %i", async (status, code, rpcStatus) => {
      const url = await listen(faults.htmlPage(httpVersion, status));
      expectObserved(await failureOf(client(url).unary({})), code, rpcStatus);
    });

    test.each(["unary", "serverStream"] as const)(
      "a body that does not parse (%s)",
      async (kind) => {
        const type = contentTypes[protocol][kind === "unary" ? "unary" : "stream"];
        const url = await listen(faults.garbage(httpVersion, type));
        const err = await failureOf(callProbe(client(url), kind, ""));
        expectObserved(err, MALFORMED, BROKEN, kind);
      },
    );

    test("a server of another HTTP version", async () => {
      const other =
        httpVersion === "2"
          ? http.createServer((_, res) => res.end("hello"))
          : http2.createServer((_, res) => res.end("hello"));
      const err = await failureOf(client(await listen(other)).unary({}, { timeoutMs: 2_000 }));
      expectObserved(err, MALFORMED, BROKEN);
    });

    test("a server of another protocol", async () => {
      const only = protocol.startsWith("Connect") ? "grpcWeb" : "connect";
      const url = await listen(faults.speaksOnly(httpVersion, only));
      const err = await failureOf(client(url).unary({}));
      expectObserved(err, MALFORMED, BROKEN);
    });

    test.each(possible)("unimplemented (%s)", async (kind) => {
      const url = await startServer(httpVersion, (router) => router.service(ProbeService, {}));
      const err = await failureOf(callProbe(client(url), kind, ""));
      expectObserved(err, UNIMPLEMENTED, Code.Unimplemented, kind);
    });

    test("a service that the server does not know", async () => {
      const url = await startServer(httpVersion, (router) => router.service(UndeclaredService, {}));
      expectObserved(await failureOf(client(url).unary({})), UNIMPLEMENTED, Code.Unimplemented);
    });

    test("an answer that is larger than what the caller reads", async () => {
      const url = await startServer(
        httpVersion,
        probeRoutes(async () => "x".repeat(2_000)),
      );
      const reader = client(url, { readMaxBytes: 1_000 });
      expectObserved(await failureOf(reader.unary({})), MALFORMED, Code.ResourceExhausted);
    });

    test("a request that is larger than what the peer reads", async () => {
      const handler = connectNodeAdapter({
        routes: probeRoutes(async () => "unused"),
        readMaxBytes: 1_000,
      });
      const server = httpVersion === "2" ? http2.createServer(handler) : http.createServer(handler);
      const err = await failureOf(client(await listen(server)).unary({ text: "x".repeat(2_000) }));
      expectObserved(err, "PROBE_ALPHA_1", Code.ResourceExhausted);
    });

    test.each(["without TLS", "without a certificate", "with a certificate of nobody"])(
      "a TLS connection to a server %s",
      async (how) => {
        const options = how === "with a certificate of nobody" ? selfSigned : {};
        const server =
          how === "without TLS"
            ? httpVersion === "2"
              ? http2.createServer()
              : http.createServer()
            : httpVersion === "2"
              ? http2.createSecureServer(options)
              : https.createServer(options);
        const url = (await listen(server)).replace("http:", "https:");
        const err = await failureOf(client(url).unary({}, { timeoutMs: 2_000 }));
        expectObserved(err, UNREACHABLE, Code.Unavailable);
      },
    );

    test("our own cancellation is told from the death of the peer", async () => {
      const url = await startServer(
        httpVersion,
        probeRoutes(() => new Promise(() => {})),
      );
      const abort = new AbortController();
      void setTimeout(50).then(() => abort.abort(new Error("not needed any more")));
      const err = await failureOf(client(url).unary({}, { signal: abort.signal }));
      expect((err as ConnectError).code).toBe(Code.Canceled);
      const codes = errorChain(err)?.causes.map(fullCode);
      expect(codes).toEqual(how === "transport" ? [CANCELED] : undefined);
    });

    test("a timeout of our own is no cancellation", async () => {
      const url = await startServer(
        httpVersion,
        probeRoutes(() => new Promise(() => {})),
      );
      const signal = AbortSignal.timeout(50);
      const err = await failureOf(client(url).unary({}, { signal }));
      if (how === "transport") {
        expectObserved(err, TIMED_OUT, Code.DeadlineExceeded);
      } else {
        expect((err as ConnectError).code).toBe(Code.Canceled); // by connect-es
      }
    });
  });
});

test("inside of the transport, a retry interceptor tells how often it tried", async () => {
  const retry = createRetryInterceptor({ initialDelayMs: 1 });
  const transport = createErrorChainTransport(connectTo("gRPC", faults.refusedUrl, [retry]));
  const err = await failureOf(createClient(ProbeService, transport).unary({}));
  expect(errorChain(err)?.causes).toMatchObject([{ code: "3", retry: { attempts: 4 } }]);
});

test.each([
  ["PROTOCOL_ERROR", MALFORMED, Code.Internal],
  ["INTERNAL_ERROR", MALFORMED, Code.Internal],
  ["REFUSED_STREAM", UNREACHABLE, Code.Unavailable],
  ["CANCEL", UNREACHABLE, Code.Unavailable],
  ["ENHANCE_YOUR_CALM", UNREACHABLE, Code.ResourceExhausted],
  ["INADEQUATE_SECURITY", UNREACHABLE, Code.Unavailable],
  ["HTTP_1_1_REQUIRED", UNREACHABLE, Code.Unavailable],
] as const)("a server that resets streams with %s", async (name, expected, status) => {
  const server = http2.createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.close(http2.constants[`NGHTTP2_${name}`]);
  });
  const url = await listen(server);
  for (const protocol of protocols.filter((each) => httpVersionOf(each) === "2")) {
    const transport = createErrorChainTransport(connectTo(protocol, url));
    const err = await failureOf(createClient(ProbeService, transport).unary({}));
    expectObserved(err, expected, status);
  }
});
