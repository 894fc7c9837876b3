// A server in a process of its own, which tells its parent of each call and never answers.

import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { startListening } from "./listening.ts";
import { probeRoutes } from "./probe.ts";

const handler = connectNodeAdapter({
  routes: probeRoutes(() => {
    process.send?.("called");
    return new Promise(() => {});
  }),
});
const { url } = await startListening(
  process.argv[2] === "2" ? createHttp2Server(handler) : createServer(handler),
);
process.send?.({ url });
