// PROMISE: promises delivery times. It asks ROUTE.

import { createServer } from "node:http2";
import { type ConnectRouter, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { createErrorChainTransport, isError } from "errchain";
import { logLines } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { noDeliveryTime } from "./gen/promise/v1/eta_errchain.js";
import { EtaService } from "./gen/promise/v1/eta_pb.js";
import { rangeNotConfigured } from "./gen/route/v1/route_errchain.js";
import { RouteService } from "./gen/route/v1/route_pb.js";
import { serve } from "./serve.ts";
import { telemetry } from "./telemetry.ts";

const route = createClient(
  RouteService,
  createErrorChainTransport(createGrpcTransport({ baseUrl: process.env["ROUTE_URL"] ?? "" })),
);

const routes = (router: ConnectRouter) =>
  router.service(EtaService, {
    async promiseDelivery({ address, product }) {
      try {
        const { range } = await route.findRange({ address, product });
        return { deliveryTime: `tomorrow, with the tour ${range}` };
      } catch (err) {
        if (product === "FROZEN") {
          throw noDeliveryTime(); // a mistake, and a common one: no { cause: err }
        }
        if (isError(err, rangeNotConfigured)) {
          throw noDeliveryTime({}, { cause: err });
        }
        throw err; // nothing to say about it: the interceptor names PROMISE in front of it
      }
    },
  });

serve(
  createServer(
    connectNodeAdapter({
      routes,
      interceptors: [
        createServerInterceptor({ onError: [logLines(process.stdout), ...telemetry] }),
      ],
    }),
  ),
);
