// Runs a hub beside the example: npm run demo -- --hub

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorChain } from "errchain";

const root = join(import.meta.dirname, "../..");

/** A hub that collects what the systems log. */
export interface Hub {
  /** The address of its page, which lets a browser in. */
  readonly url: string;
  /** The address of a trace. */
  linkTo(traceId: string): string;
  /** What the systems need in their environment to log for the hub. */
  readonly environment: Readonly<Record<string, string>>;
  /** Remembers the trace of an error that a caller has received. */
  noteTrace(error: unknown): void;
  /** The traces that were noted since this was last asked. */
  takeTraceIds(): string[];
  stop(): Promise<void>;
}

/** Starts a hub on free ports, with data that is gone when it stops. */
export async function startHub(): Promise<Hub> {
  const folder = mkdtempSync(join(tmpdir(), "errchain-demo-hub-"));
  const catalog = join(folder, "image.binpb");
  execFileSync(join(root, "node_modules/.bin/buf"), ["build", "-o", catalog], { cwd: root });
  const child = spawn(
    process.execPath,
    [
      join(root, "packages/errchain-hub/bin/errchain-hub.js"),
      ...["--data", join(folder, "data"), "--port=0", "--grpc-port=0"],
      ...["--file", join(folder, "*.log"), "--catalog", catalog],
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const url = await openAddress(child);
  const { origin, searchParams } = new URL(url);
  const token = searchParams.get("token") ?? "";
  const traceIds = new Set<string>();
  return {
    url,
    linkTo: (traceId) => `${origin}/t/${traceId}?token=${token}`,
    environment: { LOG_FOLDER: folder, HUB_URL: origin, HUB_TOKEN: token },
    noteTrace(error) {
      const chain = errorChain(error);
      if (chain !== undefined) {
        traceIds.add(Buffer.from(chain.traceId).toString("hex"));
      }
    },
    takeTraceIds() {
      const taken = [...traceIds];
      traceIds.clear();
      return taken;
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill();
        await once(child, "exit");
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until the hub has printed the address to open. */
function openAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const [, address] = /Open +(\S+)\n/.exec(output) ?? [];
      if (address !== undefined) resolve(address);
    });
    child.once("exit", (code) => reject(new Error(`the hub has ended with ${code}`)));
  });
}
