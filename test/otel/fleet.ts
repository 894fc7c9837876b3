import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import type { HopOptions } from "./hop-process.ts";

/** A hop in a process of its own. */
export interface Hop {
  readonly url: string;
  /** What it has written to stdout. */
  readonly output: () => string;
  /** Ends it, when it has exported everything. */
  readonly stop: () => Promise<void>;
}

export interface HopSetup extends HopOptions {
  /** The system, and OpenTelemetry's service. */
  readonly name: string;
  readonly sdk: "none" | "SDK 2" | "SDK 3";
  readonly httpInstrumentation: boolean;
  readonly otlpUrl: string;
}

const preloads = {
  none: [],
  "SDK 2": ["--import", new URL("./sdk2/sdk2.ts", import.meta.url).href],
  "SDK 3": ["--import", new URL("./sdk3.ts", import.meta.url).href],
};

/** Starts a hop. */
export async function startHop(setup: HopSetup): Promise<Hop> {
  const { name, sdk, httpInstrumentation, otlpUrl, ...options } = setup;
  const child = fork(new URL("./hop-process.ts", import.meta.url), {
    execArgv: preloads[sdk],
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    env: {
      ...process.env,
      HOP_NAME: name,
      HOP_OPTIONS: JSON.stringify(options),
      OTLP_URL: otlpUrl,
      HTTP_INSTRUMENTATION: httpInstrumentation ? "yes" : "",
    },
  });
  onTestFinished(() => {
    child.kill();
  });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const url = await urlOf(child);
  return {
    url,
    output: () => output,
    async stop() {
      const closed = once(child, "close");
      child.send("stop");
      await closed;
    },
  };
}

async function urlOf(child: ChildProcess): Promise<string> {
  const [message] = await Promise.race([
    once(child, "message"),
    once(child, "close").then(() => {
      throw new Error("the hop ended before it listened");
    }),
  ]);
  return (message as { url: string }).url;
}
