// A project of CommonJS modules, compiled by commonjs.test.ts.

import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, toJson } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import {
  createClientInterceptor,
  createErrorChainTransport,
  createRetryInterceptor,
  errorChain,
  findCause,
  formatErrorChain,
} from "errchain";
import { ErrorChainSchema } from "errchain/proto";
import { logLines } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { rangeNotConfigured } from "./gen/route/v1/route_errchain.js";
import { FindRangeRequestSchema, RouteService } from "./gen/route/v1/route_pb.js";

const server = createServer(
  connectNodeAdapter({
    routes: (router) =>
      router.service(RouteService, {
        findRange({ address, product }) {
          throw rangeNotConfigured({ address, product });
        },
      }),
    interceptors: [createServerInterceptor({ onError: [logLines(process.stderr)] })],
  }),
);

server.listen(0, async () => {
  const { port } = server.address() as AddressInfo;
  const transport = (interceptors: ReturnType<typeof createClientInterceptor>[]) =>
    createGrpcTransport({ baseUrl: `http://localhost:${port}`, interceptors });
  const transports: Transport[] = [
    transport([createRetryInterceptor(), createClientInterceptor()]),
    createErrorChainTransport(transport([]), { peer: { system: "ROUTE", module: "DISPATCH" } }),
  ];
  for (const each of transports) {
    const client = createClient(RouteService, each);
    const request = create(FindRangeRequestSchema, { address: "1 Main St", product: "milk" });
    const error: unknown = await client.findRange(request).catch((reason: unknown) => reason);
    const chain = errorChain(error);
    if (chain === undefined) {
      throw error;
    }
    const json = toJson(ErrorChainSchema, chain) as { causes: { code: string }[] };
    console.log(formatErrorChain(chain));
    console.log(
      json.causes.map(({ code }) => code),
      findCause(error, rangeNotConfigured)?.args,
    );
  }
  process.exit();
});
