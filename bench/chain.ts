// What the parts cost without a network: npm run bench
//
// Compare the rows of one run only: absolute figures are those of the machine.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createContextValues, type Interceptor, type UnaryRequest } from "@connectrpc/connect";
import { createClientInterceptor, createRetryInterceptor, defineError } from "errchain";
import { CauseSchema, ErrorChainSchema } from "errchain/proto";
import { createServerInterceptor } from "errchain/server";
import { Bench } from "tinybench";
import { composeChain } from "../dist/chain/compose.js";
import {
  ProbeService,
  UnaryRequestSchema,
  UnaryResponseSchema,
} from "../test/gen/probe/v1/probe_pb.js";

const bench = new Bench({ time: 500 });

const own = create(CauseSchema, {
  system: "SYSTEM",
  module: "MODULE",
  code: "20001",
  message: "a sentence of some forty characters here",
  branches: 1,
});
for (const length of [1, 4, 16, 31]) {
  const chain = create(ErrorChainSchema, { causes: Array(length).fill(own) });
  chain.causes[length - 1] = { ...own, branches: 0 };
  const below = toBinary(ErrorChainSchema, chain);
  bench.add(`a cause in front of ${length}: joined bytes`, () => {
    composeChain(own, [below], new Uint8Array(), 100_000);
  });
  bench.add(`a cause in front of ${length}: decoded and encoded`, () => {
    const { causes } = fromBinary(ErrorChainSchema, below);
    toBinary(ErrorChainSchema, create(ErrorChainSchema, { causes: [own, ...causes] }));
  });
}

const definition = defineError({
  system: "SYSTEM",
  code: 20001,
  reason: "FAILED",
  status: "UNAVAILABLE",
  message: "a sentence of some forty characters: {arg}",
});
bench.add("raise an error", () => {
  definition({ arg: "value" });
});

/** A request through an interceptor, to a handler that answers or throws. */
function pass(interceptor: Interceptor, handler: () => Promise<unknown>) {
  const message = create(UnaryRequestSchema);
  const next = interceptor(handler as never);
  return () =>
    next({
      stream: false,
      service: ProbeService,
      method: ProbeService.method.unary,
      requestMethod: "POST",
      url: "http://localhost/probe.v1.ProbeService/Unary",
      signal: new AbortController().signal,
      header: new Headers({ "content-type": "application/grpc" }),
      contextValues: createContextValues(),
      message,
    } as UnaryRequest);
}

const response = { stream: false, message: create(UnaryResponseSchema) };
const succeed = async () => response;
const fail = async () => {
  throw definition({ arg: "value" });
};
const quiet = (run: () => Promise<unknown>) => () => run().catch(() => {});
const noop: Interceptor = (next) => (req) => next(req);

bench.add("a good call: no interceptor of ours", pass(noop, succeed));
bench.add("a good call: server interceptor", pass(createServerInterceptor(), succeed));
bench.add("a good call: client interceptor", pass(createClientInterceptor(), succeed));
bench.add("a good call: retry interceptor", pass(createRetryInterceptor(), succeed));
const both = createServerInterceptor();
const call = pass(createClientInterceptor(), succeed);
bench.add("a good call: both, the client's within the server's", pass(both, call as never));
bench.add("a failed call: no interceptor of ours", quiet(pass(noop, fail)));
bench.add("a failed call: server interceptor", quiet(pass(createServerInterceptor(), fail)));

await bench.run();
console.table(
  bench.tasks.map(({ name, result }) => ({
    what: name,
    "ns (median)": "latency" in result ? Math.round(result.latency.p50 * 1e6) : Number.NaN,
  })),
);
