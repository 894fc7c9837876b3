// Runs the three systems, each in a process of its own.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";

/** A running system. */
export interface System {
  readonly name: string;
  readonly port: number;
  readonly baseUrl: string;
  readonly process: ChildProcess;
  /** The lines that it has logged since they were last taken. */
  takeLog(): string[];
}

/** Starts a system and waits until it listens. Its program is by default the one in this folder. */
export async function start(
  name: string,
  env: Record<string, string> = {},
  program = new URL(`${name.toLowerCase()}.ts`, import.meta.url),
): Promise<System> {
  const child = fork(program, {
    env: { ...process.env, OTEL_SERVICE_NAME: name.toLowerCase(), ...env },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  let log = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    log += text;
    if (process.env["LOG_FOLDER"] !== undefined) {
      appendFileSync(join(process.env["LOG_FOLDER"], `${name.toLowerCase()}.log`), text);
    }
  });
  const port = await told(child, "listening");
  return {
    name,
    port,
    baseUrl: `http://127.0.0.1:${port}`,
    process: child,
    takeLog() {
      const lines = log.split("\n").filter((line) => line !== "");
      log = "";
      return lines;
    },
  };
}

/** Waits until a system tells something, and gives what it told. */
export function told(child: ChildProcess, what: "listening"): Promise<number>;
export function told(child: ChildProcess, what: "handling"): Promise<string>;
export function told(child: ChildProcess, what: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: Record<string, unknown>) => {
      if (what in message) {
        stopListening();
        resolve(message[what]);
      }
    };
    const onExit = (code: number | null) => {
      stopListening();
      reject(new Error(`a system ended with exit code ${code} before it was ${what}`));
    };
    const stopListening = () => child.off("message", onMessage).off("exit", onExit);
    child.on("message", onMessage).on("exit", onExit);
  });
}

/** Stops systems and waits until their processes are gone. */
export async function stop(...systems: System[]): Promise<void> {
  await Promise.all(
    systems.map(async ({ process: child }) => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    }),
  );
}
