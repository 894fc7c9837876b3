import type { LookupFunction } from "node:net";
import type { Interceptor, Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";

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

export interface MoreOptions {
  readonly readMaxBytes?: number;
  readonly defaultTimeoutMs?: number;
  readonly nodeOptions?: { readonly lookup: LookupFunction };
}

/** A client's transport. */
export function connectTo(
  protocol: Protocol,
  baseUrl: string,
  interceptors: Interceptor[] = [],
  more: MoreOptions = {},
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
