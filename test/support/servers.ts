import * as http from "node:http";
import * as http2 from "node:http2";
import type { Server } from "node:net";
import type { ConnectRouter, Interceptor, Transport } from "@connectrpc/connect";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { onTestFinished } from "vitest";
import { startListening } from "./listening.js";

/** The protocols that a client can speak, each over a real socket. */
export const protocols = [
  "Connect over HTTP/1.1",
  "Connect over HTTP/2",
  "gRPC",
  "gRPC-Web over HTTP/1.1",
  "gRPC-Web over HTTP/2",
] as const;

export type Protocol = (typeof protocols)[number];

export function httpVersionOf(protocol: Protocol): "1.1" | "2" {
  return protocol.endsWith("HTTP/1.1") ? "1.1" : "2";
}

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

/** A client's transport. */
export function connectTo(
  protocol: Protocol,
  baseUrl: string,
  interceptors: Interceptor[] = [],
  more: { readonly readMaxBytes?: number; readonly defaultTimeoutMs?: number } = {},
): Transport {
  const options = { ...more, baseUrl, interceptors, httpVersion: httpVersionOf(protocol) };
  switch (protocol) {
    case "Connect over HTTP/1.1":
    case "Connect over HTTP/2":
      return createConnectTransport(options);
    case "gRPC":
      return createGrpcTransport({ ...more, baseUrl, interceptors });
    case "gRPC-Web over HTTP/1.1":
    case "gRPC-Web over HTTP/2":
      return createGrpcWebTransport(options);
  }
}
