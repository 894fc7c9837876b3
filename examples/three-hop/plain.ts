// PLAIN: a PROMISE that has never heard of errchain, as some system in every fleet.

import { createServer } from "node:http2";
import { type ConnectRouter, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { EtaService } from "./gen/promise/v1/eta_pb.js";
import { RouteService } from "./gen/route/v1/route_pb.js";
import { serve } from "./serve.ts";

const route = createClient(
  RouteService,
  createGrpcTransport({ baseUrl: process.env["ROUTE_URL"] ?? "" }),
);

const routes = (router: ConnectRouter) =>
  router.service(EtaService, {
    async promiseDelivery({ address, product }) {
      const { range } = await route.findRange({ address, product });
      return { deliveryTime: `tomorrow, with the tour ${range}` };
    },
  });

serve(createServer(connectNodeAdapter({ routes })));
