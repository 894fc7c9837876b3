import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import sirv from "sirv";
import { HubService } from "../../gen/errchain/hub/v1/hub_pb.js";
import { plainText } from "../api/convert.js";
import { findTrace } from "../api/find-trace.js";
import type { Catalog } from "../catalog/catalog.js";
import type { Ingest } from "../ingest/ingest.js";
import type { Store } from "../store/store.js";
import { type Auth, TOKEN_NEEDED } from "./auth.js";
import type { HeldBytes } from "./held-bytes.js";
import { askForToken, loginByAddress, loginByForm, PAGE_HEADERS } from "./login.js";
import { createOtlpHttp } from "./otlp-http.js";
import { REQUEST_TIMEOUT_MS } from "./read-body.js";
import { hubRoutes, MAX_QUESTION_BYTES, tokenGate } from "./rpc-routes.js";

export interface HttpServerOptions {
  readonly auth: Auth;
  readonly hub: ServiceImpl<typeof HubService>;
  readonly held: HeldBytes;
  readonly ingest: Ingest;
  readonly store: Store;
  readonly catalog: Catalog;
  /** Whether only this machine can connect. */
  readonly isLoopback: boolean;
  readonly shutdownSignal: AbortSignal;
  readonly onError: (err: unknown) => void;
}

/** The built page; the page's own build puts it there. */
const PAGE_FOLDER = fileURLToPath(new URL("../page", import.meta.url));

/** The HTTP port: page, plain text, Connect API and OTLP. */
export function createHttpServer(options: HttpServerOptions): Server {
  const { auth, hub, held, ingest, store, catalog, isLoopback, shutdownSignal, onError } = options;
  const rpc = connectNodeAdapter({
    routes: hubRoutes(hub),
    requestGate: tokenGate(auth),
    readMaxBytes: MAX_QUESTION_BYTES,
    shutdownSignal,
  });
  const takeLogs = createOtlpHttp(auth, held, ingest);
  const servePage = createPage();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (auth.token === undefined && isLoopback && !isLoopbackHost(request.headers.host)) {
      // Somebody else's page, whose name was made to point to this machine.
      return sendText(response, 403, "Open this hub as localhost.");
    }
    const url = URL.parse(request.url ?? "/", "http://localhost");
    if (url === null) {
      return sendText(response, 400, "This address cannot be read.");
    }
    if (url.pathname === "/healthz") {
      return sendText(response, 200, "ok");
    }
    if (url.pathname.startsWith(`/${HubService.typeName}/`)) {
      return rpc(request, response);
    }
    if (url.pathname === "/login" && request.method === "POST") {
      return loginByForm(auth, url, request, response);
    }
    if (url.pathname === "/v1/logs") {
      return takeLogs(request, response);
    }
    if (loginByAddress(auth, url, request, response)) {
      return;
    }
    const { authorization, cookie } = request.headers;
    if (!auth.allows(authorization, cookie)) {
      return request.headers.accept?.includes("text/html")
        ? askForToken(url, response)
        : refuse(request, response);
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return sendText(response, 405, "Only GET is possible here.");
    }
    const [, text] = /^\/t\/(.+)\.txt$/.exec(url.pathname) ?? [];
    if (text !== undefined) {
      return sendTrace(decoded(text), response);
    }
    servePage(request, response);
  }

  async function sendTrace(text: string, response: ServerResponse): Promise<void> {
    const found = await findTrace(store, text);
    if (found === undefined) {
      return sendText(response, 404, "No failure of this trace has come in (yet).");
    }
    sendText(response, 200, plainText(found.traceId, found.link, catalog).trimEnd());
  }

  const open = new Set<ServerResponse>();
  shutdownSignal.addEventListener("abort", () => {
    for (const response of open) {
      response.shouldKeepAlive = false;
    }
  });

  const server = createServer((request, response) => {
    // Once the hub stops, a client that goes on must do so over another connection.
    response.shouldKeepAlive &&= !shutdownSignal.aborted;
    open.add(response);
    response.once("close", () => open.delete(response));
    answer(request, response).catch((err) => {
      onError(err);
      if (response.headersSent) {
        response.destroy();
      } else {
        sendText(response, 500, "The hub has failed; see its log.");
      }
    });
  });
  server.headersTimeout = 20_000;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return server;
}

function createPage(): (request: IncomingMessage, response: ServerResponse) => void {
  if (!existsSync(PAGE_FOLDER)) {
    return (_, response) => sendText(response, 404, "The page is not built: run npm run build.");
  }
  return sirv(PAGE_FOLDER, {
    single: true,
    ignores: false, // by default, what ends like a file name; an ID of an older system does
    etag: true,
    setHeaders(response, pathname) {
      for (const [name, value] of Object.entries(PAGE_HEADERS)) {
        response.setHeader(name, value);
      }
      if (pathname.startsWith("/assets/")) {
        // The names of these files change with what is in them.
        response.setHeader("cache-control", "public, max-age=31536000, immutable");
      }
    },
  });
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
  });
  response.end(`${text}\n`);
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.setHeader("www-authenticate", "Bearer");
  response.setHeader("connection", "close");
  sendText(response, 401, TOKEN_NEEDED);
}

/** https://en.wikipedia.org/wiki/DNS_rebinding */
function isLoopbackHost(host = ""): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
