// SHOP: the public edge, which browsers call from another origin. It asks WMS.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { type ConnectRouter, cors, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport } from "@connectrpc/connect-node";
import { createClientInterceptor } from "errchain";
import { logLines } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { OrderService } from "../three-hop/gen/wms/v1/order_pb.js";
import { serve } from "../three-hop/serve.ts";
import { notOrdered } from "./gen/shop/v1/shop_errchain.js";
import { ShopService } from "./gen/shop/v1/shop_pb.js";

const wms = createClient(
  OrderService,
  createConnectTransport({
    baseUrl: process.env["WMS_URL"] ?? "",
    httpVersion: "1.1",
    interceptors: [createClientInterceptor()],
  }),
);

const routes = (router: ConnectRouter) =>
  router.service(ShopService, {
    async placeOrder({ order, address, product }) {
      try {
        const headers = { "x-audience": "internal" };
        const { deliveryTime } = await wms.placeOrder({ order, address, product }, { headers });
        return { deliveryTime };
      } catch (err) {
        throw notOrdered({}, { cause: err });
      }
    },
    async *trackOrder({ order }, { signal }) {
      for (const place of ["in the warehouse", "on the van", "in your street"]) {
        yield { place: `${order} is ${place}` };
        await setTimeout(10_000, undefined, { signal });
      }
    },
  });

const handle = connectNodeAdapter({
  routes,
  interceptors: [
    createServerInterceptor({ exposure: "public", onError: [logLines(process.stdout)] }),
  ],
});

/** Lets pages of one origin call this server. Returns true if that was all that was asked. */
function allowPage(req: IncomingMessage, res: ServerResponse): boolean {
  res.setHeader("access-control-allow-origin", process.env["PAGE_ORIGIN"] ?? "");
  res.setHeader("access-control-expose-headers", cors.exposedHeaders.join());
  if (req.method !== "OPTIONS") {
    return false;
  }
  res.setHeader("access-control-allow-methods", cors.allowedMethods.join());
  // What connect-web needs, and the header of the trace, which is not in its list.
  res.setHeader("access-control-allow-headers", [...cors.allowedHeaders, "traceparent"].join());
  res.writeHead(204).end();
  return true;
}

serve(createServer((req, res) => allowPage(req, res) || handle(req, res)));
