import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo, Server as NetServer } from "node:net";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import packageJson from "../package.json" with { type: "json" };
import type { AgentThreadData } from "./agent/thread.js";
import { timestamp } from "./api/convert.js";
import { createHubService } from "./api/hub-service.js";
import type { Catalog } from "./catalog/catalog.js";
import { createIngest } from "./ingest/ingest.js";
import { lockFolder } from "./process/lock-folder.js";
import { createAuth } from "./server/auth.js";
import { createGrpcServer } from "./server/grpc-server.js";
import { createHeldBytes } from "./server/held-bytes.js";
import { createHttpServer } from "./server/http-server.js";
import type { RetentionOptions } from "./store/sqlite/retention.js";
import { openSqliteStore } from "./store/sqlite/sqlite-store.js";

export interface HubOptions {
  /** Where everything is kept. */
  readonly folder: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly httpPort: number;
  /** 0 takes a free one. */
  readonly grpcPort: number;
  /** Undefined: made once, and kept in the folder. */
  readonly token: string | undefined;
  /** Whether no token is needed. */
  readonly isOpen: boolean;
  /** Glob patterns of log files to follow. */
  readonly files: readonly string[];
  /** Which lines of them to pick; undefined for the usual ones. */
  readonly pattern: string | undefined;
  readonly catalog: Catalog;
  readonly retention: RetentionOptions;
  readonly onProblem: (message: string) => void;
}

export interface Hub {
  readonly folder: string;
  /** Undefined where no token is needed. */
  readonly token: string | undefined;
  readonly httpUrl: string;
  readonly grpcUrl: string;
  /** The address of the page, with the token in it. */
  readonly loginUrl: string;
  /** Is told when the hub cannot go on. */
  onBroken(listener: (reason: Error) => void): void;
  /** Answers what has come in, stores it, and ends. */
  stop(): Promise<void>;
}

const MAX_BUFFER_BYTES = 1024 ** 3;
const STOP_MS = 5_000;

/** Starts a hub in this process. Throws an Error that says what is in the way. */
export async function startHub(options: HubOptions): Promise<Hub> {
  const { folder, host, isOpen, files, pattern, catalog, retention, onProblem } = options;
  const startedAt = Date.now();
  const unlock = lockFolder(folder);
  const token = isOpen ? undefined : (options.token ?? keptToken(folder));
  const auth = createAuth(token);
  const store = await openSqliteStore({ folder, retention, onProblem });
  const ingest = createIngest(store, onProblem);
  const stopping = new AbortController();

  const hub = createHubService({
    store,
    catalog,
    async status() {
      const { oldestTraceUs, ...stats } = await store.stats();
      const { accepted, duplicates, ignored, rejected, turnedAway } = ingest.counts;
      return {
        version: packageJson.version,
        startedAt: timestamp(startedAt * 1000),
        tokenNeeded: token !== undefined,
        httpUrl,
        grpcUrl,
        catalogCount: catalog.size,
        traceCount: BigInt(stats.traceCount),
        recordCount: BigInt(stats.recordCount),
        ...(stats.traceCount > 0 && { oldestTraceAt: timestamp(oldestTraceUs) }),
        storedBytes: BigInt(stats.storedBytes),
        retentionDays: retention.days,
        retentionBytes: BigInt(retention.bytes),
        countRetentionDays: retention.countDays,
        ingest: {
          accepted: BigInt(accepted),
          duplicates: BigInt(duplicates),
          ignored: BigInt(ignored),
          rejected: BigInt(rejected),
          turnedAway: BigInt(turnedAway),
        },
        undigestedRecords: BigInt(stats.undigestedCount),
        files: [...files],
      };
    },
  });
  const shutdownSignal = stopping.signal;
  const onError = (err: unknown) =>
    onProblem(`a request failed: ${err instanceof Error ? err.stack : err}`);
  const common = { auth, hub, held: createHeldBytes(), ingest, shutdownSignal, onError };
  const http = createHttpServer({ ...common, store, catalog, isLoopback: isLoopback(host) });
  const grpc = createGrpcServer(common);
  const urls = await Promise.all([
    listen(http, host, options.httpPort, "--port"),
    listen(grpc.server, host, options.grpcPort, "--grpc-port"),
  ]).catch(async (err) => {
    http.close();
    grpc.server.close();
    await store.close();
    unlock();
    throw err;
  });
  const [httpUrl, grpcUrl] = urls;
  const agent =
    files.length === 0
      ? undefined
      : new Worker(new URL("./agent/thread.js", import.meta.url), {
          workerData: {
            files,
            pattern,
            folder: join(folder, "agent"),
            maxBufferBytes: MAX_BUFFER_BYTES,
            hub: httpUrl,
            token,
          } satisfies AgentThreadData,
        });
  const broken = Promise.withResolvers<Error>();
  agent?.on("error", (err) => broken.resolve(new Error(`following files failed: ${err.message}`)));
  void store.broken.then((err) => broken.resolve(new Error(`the store failed: ${err.message}`)));

  return {
    folder,
    token,
    httpUrl,
    grpcUrl,
    loginUrl: token === undefined ? httpUrl : `${httpUrl}/?token=${encodeURIComponent(token)}`,
    onBroken: (listener) => void broken.promise.then(listener),
    async stop() {
      if (agent !== undefined) {
        agent.postMessage("stop");
        await once(agent, "exit");
      }
      stopping.abort();
      const closed = [once(http, "close"), once(grpc.server, "close")];
      http.close();
      grpc.server.close();
      grpc.closeSessions();
      http.closeIdleConnections();
      const timer = setTimeout(() => {
        http.closeAllConnections();
        grpc.destroySessions();
      }, STOP_MS);
      await Promise.all(closed);
      clearTimeout(timer);
      await store.close();
      unlock();
    },
  };
}

/** The token of a folder, so that bookmarks and exporters still work after a restart. */
function keptToken(folder: string): string {
  const file = join(folder, "token");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${randomBytes(20).toString("hex")}\n`, { flag: "wx", mode: 0o600 });
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "EEXIST") throw err;
  }
  const token = readFileSync(file, "utf8").trim();
  if (token === "") {
    throw new Error(`the file ${file} is empty; delete it to get a new token`);
  }
  return token;
}

/** Gives the base URL. */
async function listen(
  server: NetServer,
  host: string,
  port: number,
  option: string,
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (err: NodeJS.ErrnoException) => {
      const inUse = `port ${port} of ${host} is in use; choose another with ${option}`;
      reject(err.code === "EADDRINUSE" ? new Error(inUse) : err);
    });
    server.listen(port, host, resolve);
  });
  const { address, port: taken, family } = server.address() as AddressInfo;
  const isAny = address === "0.0.0.0" || address === "::";
  const name = isAny ? "127.0.0.1" : family === "IPv6" ? `[${address}]` : address;
  return `http://${name}:${taken}`;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);
}
