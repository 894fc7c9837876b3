import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { HubService } from "../../gen/errchain/hub/v1/hub_pb.js";
import type { Ingest } from "../ingest/ingest.js";
import type { Auth } from "./auth.js";
import type { HeldBytes } from "./held-bytes.js";
import { createOtlpGrpc } from "./otlp-grpc.js";
import { hubRoutes, MAX_QUESTION_BYTES, tokenGate } from "./rpc-routes.js";

export interface GrpcServerOptions {
  readonly auth: Auth;
  readonly hub: ServiceImpl<typeof HubService>;
  readonly held: HeldBytes;
  readonly ingest: Ingest;
  readonly shutdownSignal: AbortSignal;
  readonly onError: (err: unknown) => void;
}

/** The gRPC port: OTLP and the API, over HTTP/2 without TLS. */
export function createGrpcServer(options: GrpcServerOptions): {
  readonly server: Http2Server;
  /** Lets requests end, takes no new ones. */
  closeSessions(): void;
  /** Ends requests that do not end by themselves. */
  destroySessions(): void;
} {
  const { auth, hub, shutdownSignal } = options;
  const logs = createOtlpGrpc(options);
  const rpc = connectNodeAdapter({
    routes: hubRoutes(hub),
    requestGate: tokenGate(auth),
    readMaxBytes: MAX_QUESTION_BYTES,
    shutdownSignal,
  });
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({ settings: { maxConcurrentStreams: 100 } }, (request, response) =>
    request.url === logs.path ? logs.handle(request, response) : rpc(request, response),
  );
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    // Whatever a peer sends that is no HTTP/2 ends its session, not the process.
    session.on("error", () => session.destroy());
  });
  server.on("sessionError", () => {});
  return {
    server,
    closeSessions() {
      for (const session of sessions) {
        session.close();
      }
    },
    destroySessions() {
      for (const session of sessions) {
        session.destroy();
      }
    },
  };
}
