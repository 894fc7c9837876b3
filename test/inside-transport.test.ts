import * as http from "node:http";
import * as http2 from "node:http2";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import {
  createGrpcWebTransport,
  createConnectTransport as createWebTransport,
} from "@connectrpc/connect-web";
import {
  createClientInterceptor,
  createErrorChainTransport,
  defineError,
  errorChain,
  fullCode,
} from "errchain";
import { createServerInterceptor } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService, UnaryRequestSchema } from "./gen/probe/v1/probe_pb.js";
import { failureOf, probeRoutes } from "./support/probe.js";
import { connectTo, httpVersionOf, listen, protocols, startServer } from "./support/servers.js";

// What happens between a transport's wrapper and the wire, where other interceptors sit,
// and what this side does wrong: the peer must not be blamed for it.

const noOrder = defineError({
  system: "PROBE",
  module: "ALPHA",
  code: 2001,
  reason: "NO_ORDER",
  status: "NOT_FOUND",
  message: "no such order",
});

const failing = () => probeRoutes(() => Promise.reject(noOrder()));
const good = () => probeRoutes(async () => "good");
const codesOf = (err: unknown) => errorChain(err)?.causes.map(fullCode);
/** Those of an error, and of each of the errors behind it. */
const allCodesOf = (err: unknown) => {
  const { cause } = err as { readonly cause?: Partial<AggregateError> };
  return [err, ...(cause?.errors ?? [])].flatMap((each) => codesOf(each) ?? []);
};
const SPOILT = { rawMessage: 5 };

describe("another interceptor refuses a call", () => {
  test.each([
    [
      "as validators do",
      () =>
        new ConnectError("address: required", Code.InvalidArgument, undefined, [
          { desc: UnaryRequestSchema, value: { text: "violations" } },
        ]),
    ],
    ["with its argument", () => new ConnectError("address: required", Code.InvalidArgument)],
    ["with what it found", () => ConnectError.from(new Error("required"), Code.InvalidArgument)],
    ["as a rate limiter does", () => new ConnectError("slow down", Code.ResourceExhausted)],
    [
      "with details",
      () =>
        new ConnectError("busy", Code.Unavailable, undefined, [
          { desc: UnaryRequestSchema, value: { text: "why" } },
        ]),
    ],
  ])("%s: its error is what the caller gets", async (_, make) => {
    let calls = 0;
    const error = make();
    const refuse: Interceptor = () => () => Promise.reject(error);
    const url = await startServer(
      "2",
      probeRoutes(async () => String(calls++)),
    );
    const transport = createErrorChainTransport(connectTo("gRPC", url, [refuse]));
    const err = await failureOf(createClient(ProbeService, transport).unary({}));
    expect(err).toBe(error);
    expect(codesOf(err)).toBeUndefined();
    expect(calls).toBe(0);
  });
});

describe.each(["Connect over HTTP/1.1", "gRPC"] as const)(
  "over %s, another interceptor wraps what it caught",
  (protocol) => {
    const wraps: [string, (caught: unknown) => Error][] = [
      ["an Error", (cause) => new Error("route failed", { cause })],
      [
        "internal",
        (cause) => new ConnectError("route failed", Code.Internal, undefined, undefined, cause),
      ],
      [
        "unavailable",
        (cause) => new ConnectError("route failed", Code.Unavailable, undefined, undefined, cause),
      ],
    ];

    async function callThrough(
      wrap: (caught: unknown) => Error,
      server: Interceptor[],
      trust: "chain" | "none",
    ) {
      const wrapping: Interceptor = (next) => async (req) => {
        try {
          return await next(req);
        } catch (caught) {
          throw wrap(caught);
        }
      };
      const url = await startServer(httpVersionOf(protocol), failing(), server);
      const inner = connectTo(protocol, url, [wrapping]);
      const transport = createErrorChainTransport(inner, { trust });
      return failureOf(createClient(ProbeService, transport).unary({}));
    }

    test.each(wraps)("in %s: the peer's chain is behind it", async (_, wrap) => {
      const thrown = await callThrough(wrap, [createServerInterceptor()], "chain");
      expect(codesOf(thrown)).toEqual(["PROBE_ALPHA_2001"]);
      expect(thrown).toMatchObject({ message: expect.stringContaining("route failed") });
    });

    test.each(wraps)("in %s: a peer that is not trusted claims nothing", async (_, wrap) => {
      const thrown = await callThrough(wrap, [createServerInterceptor()], "none");
      expect(codesOf(thrown)).toEqual(["PROBE_ALPHA_1"]);
    });

    const copied = (caught: unknown, more: ConnectError["details"] = []) => {
      const copy = new ConnectError("route failed", Code.Internal);
      copy.details.push(...(caught as ConnectError).details, ...more);
      return copy;
    };
    const second = (caught: unknown) => Object.assign(copied(caught), { isWireError: true });
    test.each<[string, (caught: unknown) => Error]>([
      ["frozen", (cause) => new Error("route failed", { cause: Object.freeze(cause) })],
      [
        "unreadable",
        (cause) => new Error("route failed", { cause: Object.assign(cause as Error, SPOILT) }),
      ],
      ["one of two", (caught) => new AggregateError([caught, second(caught)])],
      [
        "copied on the way",
        (caught) =>
          new Error("route failed", { cause: Object.assign(copied(caught), { cause: caught }) }),
      ],
      ["copied, with more", (caught) => copied(caught, [{ type: "a.B", value: new Uint8Array() }])],
    ])("%s: a peer that is not trusted claims nothing", async (_, wrap) => {
      const thrown = await callThrough(wrap, [createServerInterceptor()], "none");
      expect(allCodesOf(thrown)).not.toContain("PROBE_ALPHA_2001");
    });

    test("a failure of its own call is not the peer's", async () => {
      const auth = await startServer(
        httpVersionOf(protocol),
        probeRoutes(() => Promise.reject(new ConnectError("no key", Code.Internal))),
        [createServerInterceptor({ system: "AUTH" })],
      );
      const tokens = createClient(
        ProbeService,
        createErrorChainTransport(connectTo(protocol, auth), { peer: { system: "AUTH" } }),
      );
      let calls = 0;
      const withToken: Interceptor = (next) => async (req) => {
        await tokens.unary({}).catch((cause) => {
          throw new Error("no token", { cause });
        });
        return next(req);
      };
      const url = await startServer(
        httpVersionOf(protocol),
        probeRoutes(async () => String(calls++)),
      );
      const transport = createErrorChainTransport(connectTo(protocol, url, [withToken]), {
        peer: { system: "ROUTE" },
      });
      const err = await failureOf(createClient(ProbeService, transport).unary({}));
      expect(codesOf(err)).toEqual(["AUTH_1"]);
      expect(calls).toBe(0);
    });

    test.each(["chain", "none"] as const)(
      "in a request, nor is one that it throws as it is (trust: %s)",
      async (trust) => {
        const version = httpVersionOf(protocol);
        const clientOf = (url: string, system: string, inside: Interceptor[] = []) =>
          createClient(
            ProbeService,
            createErrorChainTransport(connectTo(protocol, url, inside), {
              peer: { system },
              trust: system === "ROUTE" ? trust : "chain",
            }),
          );
        const auth = await startServer(version, failing(), [createServerInterceptor()]);
        const tokens = clientOf(auth, "PROBE");
        const withToken: Interceptor = (next) => async (req) => {
          for await (const _ of tokens.serverStream({ text: "key" })) {
            // It fails behind the first message.
          }
          return next(req);
        };
        const route = clientOf(await startServer(version, good()), "ROUTE", [withToken]);
        const front = await startServer(
          version,
          probeRoutes(async () => (await route.unary({})).text),
          [createServerInterceptor({ system: "FRONT" })],
        );
        const err = await failureOf(clientOf(front, "FRONT").unary({}));
        expect(codesOf(err)).toEqual(["FRONT_2", "PROBE_ALPHA_2001"]);
      },
    );
  },
);

test.each(protocols)("a stream that is piped on over %s fails as its source", async (protocol) => {
  const version = httpVersionOf(protocol);
  const full = () => Promise.reject(new ConnectError("disk full", Code.ResourceExhausted));
  const from = await startServer(version, probeRoutes(full), [
    createServerInterceptor({ system: "SOURCE" }),
  ]);
  const to = await startServer(version, good(), [createServerInterceptor({ system: "SINK" })]);
  const clientOf = (url: string, system: string) =>
    createClient(
      ProbeService,
      createErrorChainTransport(connectTo(protocol, url), { peer: { system } }),
    );
  const source = clientOf(from, "SOURCE");
  async function* piped() {
    for await (const { text } of source.serverStream({ text: "x" })) {
      yield { text };
    }
  }
  const err = await failureOf(clientOf(to, "SINK").clientStream(piped()));
  expect(codesOf(err)).toEqual(["SOURCE_1"]);
});

describe("what cannot be sent is no failure of the peer", () => {
  test("a request stream, with fetch()", async () => {
    const url = await startServer("1.1", good());
    const transport = createErrorChainTransport(createWebTransport({ baseUrl: url }));
    async function* requests() {
      yield { text: "x" };
    }
    const err = await failureOf(createClient(ProbeService, transport).clientStream(requests()));
    expect(codesOf(err)).toBeUndefined();
  });

  test("a request stream that is no generator", async () => {
    const url = await startServer("2", good());
    const transport = createErrorChainTransport(connectTo("gRPC", url));
    const iterator = { next: async () => ({ done: false as const, value: { text: "x" } }) };
    const requests = { [Symbol.asyncIterator]: () => iterator };
    const err = await failureOf(createClient(ProbeService, transport).clientStream(requests));
    expect(codesOf(err)).toBeUndefined();
  });

  test("what a request stream throws, which is a ConnectError as without us", async () => {
    const url = await startServer("2", good());
    const reason = new Error("cannot open the file");
    // biome-ignore lint/correctness/useYield: it fails before
    async function* requests(): AsyncGenerator<{ text: string }> {
      throw reason;
    }
    const bare = connectTo("gRPC", url);
    for (const transport of [bare, createErrorChainTransport(bare)]) {
      const err = await failureOf(createClient(ProbeService, transport).clientStream(requests()));
      expect(err).toBeInstanceOf(ConnectError);
      expect(err).toMatchObject({ rawMessage: "cannot open the file", cause: reason });
      expect(codesOf(err)).toBeUndefined();
    }
  });

  test("a header of HTTP/1.1 over HTTP/2", async () => {
    const url = await startServer("2", good());
    const transport = createErrorChainTransport(connectTo("gRPC", url));
    const headers = { connection: "keep-alive", "keep-alive": "timeout=5" };
    const err = await failureOf(createClient(ProbeService, transport).unary({}, { headers }));
    expect(codesOf(err)).toBeUndefined();
  });
});

/** A server of gRPC that says OK, whatever messages it has sent. */
function goodWith(...messages: Buffer[]): http2.Http2Server {
  const server = http2.createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.resume();
    stream.respond(
      { ":status": 200, "content-type": "application/grpc+proto" },
      { waitForTrailers: true },
    );
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.concat(messages));
  });
  return server;
}

test("an answer that says it is good and has no message cannot be read", async () => {
  const url = await listen(goodWith());
  for (const transport of [
    createErrorChainTransport(connectTo("gRPC", url)),
    connectTo("gRPC", url, [createClientInterceptor()]),
  ]) {
    const client = createClient(ProbeService, transport);
    async function* requests() {
      yield { text: "x" };
    }
    for (const call of [client.unary({}), client.clientStream(requests())]) {
      expect(codesOf(await failureOf(call))).toEqual(["PROBE_ALPHA_6"]);
    }
  }
});

test("nor can a client stream that is answered twice", async () => {
  const message = Buffer.from([0, 0, 0, 0, 4, 10, 2, 104, 105]);
  const transport = createErrorChainTransport(
    connectTo("gRPC", await listen(goodWith(message, message))),
  );
  async function* requests() {
    yield { text: "x" };
  }
  const err = await failureOf(createClient(ProbeService, transport).clientStream(requests()));
  expect(codesOf(err)).toEqual(["PROBE_ALPHA_6"]);
});

test("nor can an answer of gRPC-Web that fetch() finds without a message", async () => {
  const trailers = "grpc-status: 0\r\n";
  const server = http.createServer((req, res) => {
    req.resume().on("end", () => {
      res.writeHead(200, { "content-type": "application/grpc-web+proto" });
      res.end(Buffer.from([0x80, 0, 0, 0, trailers.length, ...Buffer.from(trailers)]));
    });
  });
  const transport = createErrorChainTransport(
    createGrpcWebTransport({ baseUrl: await listen(server) }),
  );
  const err = await failureOf(createClient(ProbeService, transport).unary({}));
  expect(codesOf(err)).toEqual(["PROBE_ALPHA_6"]);
});
