// The systems of a graph, each a server with a socket of its own.

import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { setTimeout } from "node:timers/promises";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createErrorChainTransport, defineError } from "errchain";
import { ErrorChainSchema } from "errchain/proto";
import { createServerInterceptor } from "errchain/server";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { blackHole, htmlPage, resetting } from "../support/faults.ts";
import { startListening } from "../support/listening.ts";
import { callProbe, probeRoutes } from "../support/probe.ts";
import { connectTo } from "../support/protocols.ts";
import { startVictim } from "../support/victim.ts";
import type { Call, Graph, Node } from "./graph.ts";

export const nameOf = (node: number) => `S${node}`;

/** The systems of a graph while they run. */
export interface RunningGraph {
  /** Calls the entry. */
  readonly call: (timeoutMs: number) => Promise<string>;
  readonly stop: () => void;
}

export async function startGraph(graph: Graph, timeoutMs: number): Promise<RunningGraph> {
  const urls: string[] = [];
  const stops: (() => void)[] = [];
  // From the leaves upwards, since a caller has to know where its callees listen.
  for (let node = graph.nodes.length - 1; node >= 0; node--) {
    const { url, close } = await startNode(graph, node, urls, timeoutMs);
    urls[node] = url;
    stops.push(close);
  }
  const { httpVersion } = graph.nodes[0] as Node;
  const protocol = httpVersion === "2" ? "gRPC" : "Connect over HTTP/1.1";
  return {
    call: (ms) => makeCall({ to: 0, protocol, kind: "unary" }, urls, true, { timeoutMs: ms }),
    stop() {
      for (const stop of stops) {
        stop();
      }
    },
  };
}

function makeCall(
  { to, protocol, kind }: Call,
  urls: readonly string[],
  withLibrary: boolean,
  options?: { timeoutMs: number },
): Promise<string> {
  const transport = connectTo(protocol, urls[to] ?? "");
  const client = createClient(
    ProbeService,
    withLibrary
      ? createErrorChainTransport(transport, { peer: { system: nameOf(to) } })
      : transport,
  );
  return callProbe(client, kind, "", options);
}

async function startNode(graph: Graph, node: number, urls: string[], timeoutMs: number) {
  const { httpVersion } = graph.nodes[node] as Node;
  const fault = node === graph.faulty ? graph.fault : undefined;
  switch (fault) {
    case "black hole":
      return startListening(blackHole());
    case "reset":
      return startListening(resetting());
    case "HTML answer":
      return startListening(htmlPage(httpVersion, 503));
    case "kill": {
      const victim = await startVictim(httpVersion);
      void victim.called().then(victim.kill, () => {});
      return { url: victim.url, close: victim.kill };
    }
    default: {
      const isFaulty = node === graph.faulty || node === graph.source;
      const handle = isFaulty ? faultyHandler(graph, node, urls, timeoutMs) : undefined;
      const handler = connectNodeAdapter({
        routes: probeRoutes(handle ?? (() => handleCalls(graph, node, urls))),
        interceptors: usesLibrary(graph, node) ? [interceptorOf(graph, node)] : [],
      });
      return startListening(
        httpVersion === "2" ? createHttp2Server(handler) : createServer(handler),
      );
    }
  }
}

function usesLibrary({ fault, faulty }: Graph, node: number): boolean {
  return node !== faulty || !(fault.startsWith("hop without") || fault === "garbage details");
}

function interceptorOf({ nodes }: Graph, node: number): Interceptor {
  return createServerInterceptor({
    system: nameOf(node),
    ...(nodes[node]?.style === "translate" && { translate: [{ from: {}, to: ownError(node) }] }),
  });
}

const ownError = (node: number) =>
  defineError({
    system: nameOf(node),
    code: 1000,
    reason: "CANNOT_GO_ON",
    status: "FAILED_PRECONDITION",
    message: "{why}",
  });

/** A healthy system: makes its calls, and answers when all have succeeded. */
async function handleCalls(graph: Graph, node: number, urls: readonly string[]): Promise<string> {
  const { calls, parallel, style } = graph.nodes[node] as Node;
  const failed: unknown[] = [];
  if (parallel) {
    const made = calls.map((call) => makeCall(call, urls, true));
    for (const result of await Promise.allSettled(made)) {
      if (result.status === "rejected") {
        failed.push(result.reason);
      }
    }
  } else {
    try {
      for (const call of calls) {
        await makeCall(call, urls, true);
      }
    } catch (reason) {
      failed.push(reason);
    }
  }
  if (failed.length === 0) {
    return "fine";
  }
  switch (style) {
    case "own error":
      throw ownError(node)({ why: "a call failed" }, { cause: failed });
    case "rethrow":
    case "translate":
      throw failed[0];
    case "wrap":
      throw new Error("while calling", { cause: failed[0] });
    case "aggregate":
      throw new AggregateError(failed);
    case "forget":
      if (node % 2 === 0) {
        throw ownError(node)({ why: "I forgot what happened" });
      }
      throw new Error("something happened");
  }
}

/** What the handler of a system with a fault does. */
function faultyHandler(graph: Graph, node: number, urls: readonly string[], timeoutMs: number) {
  const raise = (why: string) => {
    throw ownError(node)({ why });
  };
  if (node !== graph.faulty) {
    return async () => raise("an error that a hop above relays or drops");
  }
  switch (graph.fault) {
    case "bug":
      return async () => (undefined as unknown as { text: string }).text;
    case "hang":
      return () => new Promise<string>(() => {});
    case "slow over deadline":
      return () => setTimeout(timeoutMs + 500, "too late", { ref: false });
    case "oversize error":
      return async () => {
        const error = ownError(node)({ why: "long ".repeat(5_000) });
        error.details.push({ type: "acme.v1.Huge", value: new Uint8Array(70_000) });
        throw error;
      };
    case "garbage details":
      return async () => {
        const error = new ConnectError("garbage", Code.NotFound);
        const value = Uint8Array.of(0x0a, 0xff, 0xff, 0x03, 0x01);
        error.details.push({ type: ErrorChainSchema.typeName, value });
        error.details.push({ type: "google.rpc.ErrorInfo", value });
        throw error;
      };
    case "hop without the library, fails":
      return async () => {
        throw new ConnectError("not found", Code.NotFound);
      };
    case "hop without the library, relays":
      return () => makeCall((graph.nodes[node] as Node).calls[0] as Call, urls, false);
    case "hop without the library, drops":
      return async () => {
        try {
          return await makeCall((graph.nodes[node] as Node).calls[0] as Call, urls, false);
        } catch {
          throw new ConnectError("upstream problem", Code.NotFound);
        }
      };
    default:
      return async () => raise("an error of its own");
  }
}
