// WMS: takes orders. The system that users see, and so the one that hides what they
// must not see; it asks PROMISE.

import { createServer } from "node:http";
import { type ConnectRouter, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { createErrorChainTransport, isError, sealingKey } from "errchain";
import { logLines } from "errchain/report";
import { createServerInterceptor, type Exposure } from "errchain/server";
import { noDeliveryTime } from "./gen/promise/v1/eta_errchain.js";
import { EtaService } from "./gen/promise/v1/eta_pb.js";
import { cannotBePromised } from "./gen/wms/v1/order_errchain.js";
import { OrderService } from "./gen/wms/v1/order_pb.js";
import { serve } from "./serve.ts";
import { telemetry } from "./telemetry.ts";

const eta = createClient(
  EtaService,
  createErrorChainTransport(createGrpcTransport({ baseUrl: process.env["PROMISE_URL"] ?? "" })),
);

const routes = (router: ConnectRouter) =>
  router.service(OrderService, {
    async placeOrder({ address, product }) {
      try {
        const { deliveryTime } = await eta.promiseDelivery({ address, product });
        return { deliveryTime };
      } catch (err) {
        if (isError(err, noDeliveryTime)) {
          throw cannotBePromised({}, { cause: err });
        }
        throw err;
      }
    },
  });

/** Who calls. A real edge asks whom it has authenticated, and no header that anybody can set. */
function audience({ header }: { header: Headers }): Exposure {
  const claimed = header.get("x-audience");
  return claimed === "internal" || claimed === "partner" ? claimed : "public";
}

serve(
  createServer(
    connectNodeAdapter({
      routes,
      interceptors: [
        createServerInterceptor({
          exposure: audience,
          sealing: sealingKey(process.env["SEALING_KEY"] ?? ""),
          onError: [logLines(process.stdout), ...telemetry],
        }),
      ],
    }),
  ),
);
