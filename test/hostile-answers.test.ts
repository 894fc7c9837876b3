import { createServer } from "node:http";
import { toBinary } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import {
  createClientInterceptor,
  createErrorChainTransport,
  defineError,
  errorChain,
  newSealingKey,
  sealingKey,
} from "errchain";
import { type ErrorChain, ErrorChainSchema } from "errchain/proto";
import { createServerInterceptor } from "errchain/server";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import {
  arbitraryChain,
  arbitraryRetryChain,
  withUnknownFields,
  withUnknownFieldsInCauses,
} from "./support/arbitrary-chain.js";
import { failureOf, probeRoutes } from "./support/probe.js";
import { connectTo, listen, startServer } from "./support/servers.js";

// A peer may answer anything, and the hop that called it answers all the same.

const ours = defineError({
  system: "FRONT",
  code: 900,
  reason: "NO_ANSWER",
  status: "NOT_FOUND",
  message: "there is no answer",
});

/** Chains of newer versions, also longer than allowed, and what damage makes of them. */
const arbitraryBytes = fc
  .record({
    chain: fc.oneof(arbitraryRetryChain(60), arbitraryChain({ min: 30, max: 60 }).map(asLine)),
    encode: fc.constantFrom(
      (chain: ErrorChain) => toBinary(ErrorChainSchema, chain),
      withUnknownFields,
      withUnknownFieldsInCauses,
    ),
    damage: fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 0x0a, 0x7f, 0x80, 0x9d, 0xff)), {
      maxLength: 4,
    }),
    kept: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ chain, encode, damage, kept }) => {
    const bytes = encode(chain);
    for (const [at, value] of damage) {
      bytes[at % bytes.length] = value;
    }
    return bytes.subarray(0, Math.ceil(bytes.length * kept));
  });

/** Without a fan-out, as a call that goes round in a circle makes it. */
function asLine(chain: ErrorChain): ErrorChain {
  for (const [index, cause] of chain.causes.entries()) {
    cause.branches = index < chain.causes.length - 1 ? 1 : 0;
  }
  return chain;
}

const servers: Record<string, Interceptor> = {
  "as it comes": createServerInterceptor(),
  translated: createServerInterceptor({
    translate: [
      { from: { status: "NOT_FOUND" }, to: ours, at: "nearest" },
      { from: { reason: "A" }, to: ours },
    ],
    maxBytes: 1000,
  }),
  "for the public": createServerInterceptor({
    exposure: "public",
    googleDetails: true,
    sealing: sealingKey(newSealingKey("k1")),
  }),
};

test.each(Object.entries(servers))("any answer is answered, %s", async (_, interceptor) => {
  let answer: Uint8Array = new Uint8Array();
  const peer = await listen(
    createServer((request, response) => {
      request.resume();
      const details = [{ type: ErrorChainSchema.typeName, value: base64Encode(answer, "std_raw") }];
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ code: "not_found", message: "no", details }));
    }),
  );
  const clients = [
    connectTo("Connect over HTTP/1.1", peer, [createClientInterceptor()]),
    createErrorChainTransport(connectTo("Connect over HTTP/1.1", peer), { trust: "none" }),
  ].map((transport) => createClient(ProbeService, transport));
  const url = await startServer(
    "2",
    probeRoutes(async (text) => (await clients[Number(text)]?.unary({}))?.text ?? ""),
    [interceptor],
  );
  const front = createClient(ProbeService, connectTo("gRPC", url));
  await fc.assert(
    fc.asyncProperty(arbitraryBytes, fc.constantFrom("0", "1"), async (bytes, text) => {
      answer = bytes;
      const err = ConnectError.from(await failureOf(front.unary({ text }, { timeoutMs: 10_000 })));
      expect([Code.NotFound, Code.Internal]).toContain(err.code);
      const causes = errorChain(err)?.causes ?? [];
      expect(causes.length).toBeGreaterThan(0);
      expect(causes.length).toBeLessThanOrEqual(32);
    }),
    { numRuns: 150 },
  );
});
