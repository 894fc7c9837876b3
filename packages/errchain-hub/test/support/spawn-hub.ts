import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { HubService } from "../../gen/errchain/hub/v1/hub_pb.js";

/** A hub that runs in a process of its own. */
export interface HubProcess {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly httpUrl: string;
  readonly grpcUrl: string;
  readonly token: string;
  /** `authorization: Bearer TOKEN` */
  readonly headers: { readonly authorization: string };
  /** The API on the HTTP port. */
  readonly api: Client<typeof HubService>;
  /** The API on the gRPC port. */
  readonly grpcApi: Client<typeof HubService>;
  /** What it has written to stderr. */
  stderr(): string;
  /** Ends it as an operator would. Gives the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

export const HUB = join(import.meta.dirname, "../../bin/errchain-hub.js");

/** Starts a hub, by another command if there is a wrapper. Whoever calls must end it. */
export async function spawnHub(
  folder: string,
  args: readonly string[] = [],
  [port, grpcPort]: readonly [number, number] = [0, 0],
  wrapper: readonly string[] = [],
): Promise<HubProcess> {
  const hub = [HUB, "--data", folder, `--port=${port}`, `--grpc-port=${grpcPort}`, ...args];
  const [command = "", ...rest] = [...wrapper, process.execPath, ...hub];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.includes("Data in")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the hub ended with ${code}: ${stderr}`)));
  });
  const [, httpUrl = "", token = ""] =
    /Open +(http:\/\/[^/\s]+)(?:\/\?token=(\S+))?/.exec(stdout) ?? [];
  const [, grpcUrl = ""] = /OTLP\/gRPC +(\S+)/.exec(stdout) ?? [];
  const headers = { authorization: `Bearer ${token}` };
  const withToken: Interceptor = (next) => (request) => {
    request.header.set("authorization", headers.authorization);
    return next(request);
  };
  const interceptors = [withToken];
  const ended = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, "exit");
    }
  };
  return {
    ...{ process: child, folder, httpUrl, grpcUrl, token, headers },
    api: createClient(
      HubService,
      createConnectTransport({ baseUrl: httpUrl, httpVersion: "1.1", interceptors }),
    ),
    grpcApi: createClient(HubService, createGrpcTransport({ baseUrl: grpcUrl, interceptors })),
    stderr: () => stderr,
    async stop() {
      child.kill("SIGTERM");
      await ended();
      return child.exitCode;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended();
    },
  };
}

/** Waits until all that was acknowledged is in counts and searches. */
export async function settled({ api }: HubProcess): Promise<void> {
  for (;;) {
    const { undigestedRecords } = await api.getStatus({});
    if (undigestedRecords === 0n) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
