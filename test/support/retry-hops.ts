import * as http2 from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { createClientInterceptor, defineError } from "errchain";
import { createServerInterceptor } from "errchain/server";
import { RetryService } from "../gen/retry/v1/retry_pb.js";

// A chain of hops over real sockets, each of which retries its calls to the next one.
// For the benchmark and for its test, so nothing here depends on the test runner.

/** What a hop in the middle does when its call has failed. */
export const manners = [
  "rethrow",
  "translate",
  "wrap in a definition",
  "wrap in a plain error",
  "hide the cause",
] as const;

export type Manner = (typeof manners)[number];

/** How the last hop is down. */
export type Outage = "answers UNAVAILABLE" | "drops every connection";

export interface HopsOptions {
  readonly hops: number;
  /** Makes the interceptor that retries, for each caller its own. */
  readonly retry: () => Interceptor;
  readonly manner?: Manner;
  readonly outage?: Outage;
  /** Whether servers have the server interceptor. Clients have the client interceptor in any case. */
  readonly bareServers?: boolean;
}

export interface Hops {
  /** Sends a request to the first hop, and waits until it has failed or succeeded. */
  request(): Promise<unknown>;
  /** What the last hop has seen: requests, or connections where it drops them. */
  seen(): number;
  setDown(down: boolean): void;
  close(): void;
}

const failed = defineError({
  system: "MIDDLE",
  code: 1001,
  reason: "FAILED",
  status: "UNAVAILABLE",
  message: "the hop cannot go on",
});

export async function startHops({
  hops,
  retry,
  manner = "rethrow",
  outage = "answers UNAVAILABLE",
  bareServers = false,
}: HopsOptions): Promise<Hops> {
  const closers: (() => void)[] = [];
  let seen = 0;
  let isDown = true;

  const clientOf = (baseUrl: string) => {
    const interceptors = [retry(), createClientInterceptor()];
    return createClient(RetryService, createGrpcTransport({ baseUrl, interceptors }));
  };
  const serve = (read: () => Promise<object>) => {
    const translate = manner === "translate" ? [{ from: { system: "RETRY" }, to: failed }] : [];
    const handler = connectNodeAdapter({
      routes: (router) => router.service(RetryService, { read }),
      interceptors: bareServers ? [] : [createServerInterceptor({ system: "MIDDLE", translate })],
    });
    return listen(http2.createServer(handler), closers);
  };

  let url =
    outage === "drops every connection"
      ? await listen(
          createServer((socket) => {
            seen++;
            socket.destroy();
          }),
          closers,
        )
      : await serve(async () => {
          seen++;
          if (isDown) {
            throw new ConnectError("down", Code.Unavailable);
          }
          return {};
        });
  for (let hop = hops - 1; hop >= 1; hop--) {
    const next = clientOf(url);
    url = await serve(async () => {
      try {
        return await next.read({});
      } catch (err) {
        throw inManner(manner, err);
      }
    });
  }
  const entry = clientOf(url);
  return {
    request: () =>
      entry.read({}).then(
        () => undefined,
        (err) => err,
      ),
    seen: () => seen,
    setDown(down) {
      isDown = down;
    },
    close: () => {
      for (const close of closers) {
        close();
      }
    },
  };
}

function inManner(manner: Manner, err: unknown): unknown {
  switch (manner) {
    case "wrap in a definition":
      return failed({}, { cause: err });
    case "wrap in a plain error":
      return new Error("it did not work", { cause: err });
    case "hide the cause":
      return failed();
    default:
      return err;
  }
}

/** What retries in most places look like: whatever fails is tried again. */
export function naiveRetry(maxAttempts: number): Interceptor {
  return (next) => async (req) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(req);
      } catch (err) {
        if (attempt === maxAttempts) {
          throw err;
        }
      }
    }
  };
}

async function listen(server: Server | http2.Http2Server, closers: (() => void)[]) {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
