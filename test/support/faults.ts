import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { probeRoutes } from "./probe.ts";

// Peers that are broken in ways which no handler can make up. None listens yet.

type HttpVersion = "1.1" | "2";

/** An address where nobody listens. */
export const refusedUrl = "http://127.0.0.1:9";

/** An address that no network leads to. */
export const noRouteUrl = "http://255.255.255.255:9";

/** A DNS that gives every name these IPv4 addresses. */
export const lookupOf =
  (...addresses: string[]): net.LookupFunction =>
  (_name, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );

/** A name that no DNS knows (RFC 6761). */
export const unknownHostUrl = "http://errchain-test.invalid:8080";

/** Takes connections and never says a word. */
export const blackHole = () => tcpServer((socket) => socket.resume());

/** Resets each connection when a request comes. */
export const resetting = () =>
  tcpServer((socket) => socket.once("data", () => socket.resetAndDestroy()));

function tcpServer(onConnection: (socket: net.Socket) => void): net.Server {
  return net.createServer((socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
}

/** Something in front of the peer answers with a page for people. */
export const htmlPage = (httpVersion: HttpVersion, status: number) =>
  httpServer(httpVersion, (response) => {
    response.writeHead(status, { "content-type": "text/html" });
    response.end("<html><h1>nginx at 10.0.0.7:8443</h1></html>");
  });

/** Begins an answer and breaks off in the middle of a message. */
export const halfAnswer = (httpVersion: HttpVersion, contentType: string) =>
  httpServer(httpVersion, (response) => {
    response.writeHead(200, { "content-type": contentType });
    response.write(Uint8Array.of(0, 0, 0, 0, 100, 10), () => {
      const { stream } = response as { stream?: http2.ServerHttp2Stream };
      (stream?.session ?? response.socket)?.destroy();
    });
  });

/** Answers with bytes that are no message. */
export const garbage = (httpVersion: HttpVersion, contentType: string) =>
  httpServer(httpVersion, (response) => {
    response.writeHead(200, { "content-type": contentType });
    response.end(Buffer.from([0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]));
  });

/** Answers each request, in whichever HTTP version. */
function httpServer(
  httpVersion: HttpVersion,
  answer: (response: http.ServerResponse) => void,
): net.Server {
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse) => {
    request.resume();
    request.on("end", () => answer(response));
  };
  return httpVersion === "2"
    ? http2.createServer(onRequest as never) // the compatibility API has the same methods
    : http.createServer(onRequest);
}

/** A healthy peer that speaks none of the protocols but one. */
export function speaksOnly(
  httpVersion: HttpVersion,
  protocol: "connect" | "grpc" | "grpcWeb",
): net.Server {
  const handler = connectNodeAdapter({
    routes: probeRoutes(async () => "unused"),
    connect: protocol === "connect",
    grpc: protocol === "grpc",
    grpcWeb: protocol === "grpcWeb",
  });
  return httpVersion === "2" ? http2.createServer(handler) : http.createServer(handler);
}
