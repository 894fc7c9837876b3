import * as http from "node:http";
import * as http2 from "node:http2";
import type { Server } from "node:net";
import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { onTestFinished } from "vitest";
import { startListening } from "./listening.js";

export * from "./protocols.js";

/** A server on a free port of this machine, closed when the test is over. */
export async function startServer(
  httpVersion: "1.1" | "2",
  routes: (router: ConnectRouter) => void,
  interceptors: Interceptor[] = [],
): Promise<string> {
  const handler = connectNodeAdapter({ routes, interceptors });
  const server = httpVersion === "2" ? http2.createServer(handler) : http.createServer(handler);
  return listen(server);
}

/** Makes a server listen on a free port of this machine until the test is over. */
export async function listen(server: Server): Promise<string> {
  const { url, close } = await startListening(server);
  onTestFinished(close);
  return url;
}
