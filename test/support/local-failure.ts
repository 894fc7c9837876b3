import { createServer, type Socket } from "node:net";
import { type ConnectError, createClient } from "@connectrpc/connect";
import { errorChain, formatErrorChain, fullCode, rootCause } from "errchain";
import { type Cause, Provenance } from "errchain/proto";
import { createServerInterceptor, type ServerInterceptorOptions } from "errchain/server";
import { expect } from "vitest";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { failureOf, probeRoutes } from "./probe.js";
import { connectTo, listen, startServer } from "./servers.js";

/** What a caller gets of a hop whose handler does nothing but fail. */
export interface LocalFailure {
  /** What the handler threw. */
  readonly thrown: unknown;
  /** What the caller got. */
  readonly error: ConnectError;
  /** The full codes of its chain, nearest first. */
  readonly codes: string;
  readonly root: Cause;
}

/**
 * Runs a step as the handler of FRONT, over a real socket. Where its failure is not
 * the application's own answer, nothing that it says may leave but in private args.
 */
export async function failIn(
  options: ServerInterceptorOptions,
  step: () => Promise<unknown>,
): Promise<LocalFailure> {
  let thrown: unknown;
  const handle = async () => {
    thrown = await failureOf(step());
    throw thrown;
  };
  const interceptor = createServerInterceptor({ system: "FRONT", ...options });
  const url = await startServer("2", probeRoutes(handle), [interceptor]);
  const client = createClient(ProbeService, connectTo("gRPC", url));
  const error = (await failureOf(client.unary({}))) as ConnectError;
  const root = rootCause(error);
  if (root === undefined) {
    throw new Error(`there is no chain in ${error}`);
  }
  const codes = errorChain(error)?.causes.map(fullCode).join(" ") ?? "";
  if (codes.startsWith("FRONT_2 ") && root.provenance === Provenance.OBSERVED) {
    expect(errorChain(error)?.causes.flatMap(({ args }) => Object.keys(args))).toEqual([]);
    expect(root.privateArgs["error"]).not.toBe("");
    const text = (thrown as Error).message || String(thrown);
    expect(formatErrorChain(error) + error.message).not.toContain(text);
  }
  return { thrown, error, codes, root };
}

/** A server on loopback that speaks its own protocol. */
export async function speak(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  return Number(new URL(await listen(server)).port);
}
