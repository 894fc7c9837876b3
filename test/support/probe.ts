import type { Client, ConnectRouter } from "@connectrpc/connect";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";

/** The four kinds of procedures. */
export const kinds = ["unary", "clientStream", "serverStream", "bidiStream"] as const;

export type Kind = (typeof kinds)[number];

/**
 * Routes in which every procedure does the same. Streams send one message first,
 * so that a failure comes while the stream is read.
 */
export function probeRoutes(handle: (text: string, signal: AbortSignal) => Promise<string>) {
  return (router: ConnectRouter) =>
    router.service(ProbeService, {
      unary: async ({ text }, { signal }) => ({ text: await handle(text, signal) }),
      async clientStream(requests, { signal }) {
        let last = "";
        for await (const { text } of requests) {
          last = text;
        }
        return { text: await handle(last, signal) };
      },
      async *serverStream({ text }, { signal }) {
        yield { text: "first" };
        yield { text: await handle(text, signal) };
      },
      async *bidiStream(requests, { signal }) {
        for await (const { text } of requests) {
          yield { text: "first" };
          yield { text: await handle(text, signal) };
        }
      },
    });
}

export interface ProbeOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Calls a procedure of the given kind and gives the last text of its answer. */
export async function callProbe(
  client: Client<typeof ProbeService>,
  kind: Kind,
  text: string,
  options?: ProbeOptions,
): Promise<string> {
  const requests = async function* () {
    yield { text };
  };
  switch (kind) {
    case "unary":
      return (await client.unary({ text }, options)).text;
    case "clientStream":
      return (await client.clientStream(requests(), options)).text;
    case "serverStream":
      return lastText(client.serverStream({ text }, options));
    case "bidiStream":
      return lastText(client.bidiStream(requests(), options));
  }
}

async function lastText(responses: AsyncIterable<{ text: string }>): Promise<string> {
  let last = "";
  for await (const { text } of responses) {
    last = text;
  }
  return last;
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (reason) {
    return reason;
  }
  throw new Error("the call succeeded, but a failure was expected");
}
