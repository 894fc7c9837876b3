import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { JsonObject } from "@bufbuild/protobuf";
import { inject } from "vitest";

/** What a hop answers to a command, see ../README.md. */
export interface Result {
  readonly status: number;
  readonly text?: string;
  readonly codes?: readonly string[];
  readonly root?: JsonObject;
  readonly chain?: JsonObject;
  readonly whole?: number;
  readonly encoded?: string;
}

/** A running program with the three systems in it. */
export interface Hop {
  /** Its RPC library: "go" is grpc-go, "go-connect" is connect-go, and so on. */
  readonly name: string;
  /** Where its server listens. */
  readonly address: string;
  /** Asks it something by its standard input. */
  ask(...command: readonly string[]): Promise<Result>;
  stop(): void;
}

/** Starts the hop of an RPC library. It ends with its standard input. */
export async function startHop(name: string): Promise<Hop> {
  const command = inject("hops")[name];
  if (command === undefined) {
    throw new Error(`there is no hop ${name}`);
  }
  const child = spawn(command.file, command.args, {
    env: { ...process.env, ...command.env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done === true) {
      throw new Error(`the hop ${name} has ended`);
    }
    return value;
  };
  const address = await nextLine();
  let last: Promise<unknown> = Promise.resolve();
  return {
    name,
    address,
    ask(...words) {
      const answer = last.then(async () => {
        child.stdin.write(`${words.join(" ")}\n`);
        return JSON.parse(await nextLine()) as Result;
      });
      last = answer.catch(() => {});
      return answer;
    },
    stop: () => child.stdin.end(),
  };
}

/** The languages of the matrix, each with the hop that stands for it. */
export const languages = ["ts", "go", "python", "java"] as const;

/** All RPC libraries. */
export const libraries = ["ts", "go", "go-connect", "python", "python-connect", "java"] as const;

/** The RPC libraries that speak Connect as well as gRPC. */
export const connectLibraries = ["ts", "go-connect", "python-connect"] as const;

/** Why a library cannot be tested here; undefined if it can. */
export function whyNot(library: string): string | undefined {
  return inject("skipped")[library.split("-")[0] ?? ""];
}
