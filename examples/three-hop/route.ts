// ROUTE: plans delivery routes. The last system of the three.

import { createServer } from "node:http2";
import { setTimeout } from "node:timers/promises";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { logLines } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { rangeNotConfigured } from "./gen/route/v1/route_errchain.js";
import { RouteService } from "./gen/route/v1/route_pb.js";
import { serve } from "./serve.ts";
import { telemetry } from "./telemetry.ts";

/** Which range delivers to a postcode. */
const ranges = new Map([["20095", "Hamburg Mitte"]]);

const routes = (router: ConnectRouter) =>
  router.service(RouteService, {
    async findRange({ address, product }) {
      process.send?.({ handling: address });
      // A bug, and a common one: an address without a comma has no second part.
      const [postcode = ""] = (address.split(",")[1] as string).trim().split(" ");
      if (address.startsWith("Slow Lane")) {
        await setTimeout(10_000);
      }
      const range = ranges.get(postcode);
      if (range === undefined) {
        throw rangeNotConfigured({ address, product }, { privateArgs: { warehouse_id: "HH-3" } });
      }
      return { range };
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
