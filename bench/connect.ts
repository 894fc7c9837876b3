import * as http from "node:http";
import * as http2 from "node:http2";
import {
  type Client,
  createClient,
  type HandlerContext,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ProbeService } from "../test/gen/probe/v1/probe_pb.js";
import { startListening } from "../test/support/listening.ts";
import { connectTo, httpVersionOf } from "../test/support/protocols.ts";
import type { HopNumber, Variant } from "./variant.ts";

export const protocols = ["Connect over HTTP/2", "Connect over HTTP/1.1", "gRPC"] as const;

export type Protocol = (typeof protocols)[number];

/** What a variant on connect-es consists of. */
export interface ConnectParts {
  readonly name: string;
  readonly about: string;
  readonly base?: string;
  /** The interceptors of a hop's server. Default: none. */
  readonly server?: () => Interceptor[];
  /** The interceptors of every client. Default: none. */
  readonly client?: () => Interceptor[];
  /** Around the transport of every client. Default: nothing. */
  readonly wrap?: (transport: Transport) => Transport;
  /** What a hop does. */
  readonly handle: (hop: HopNumber, text: string, context: HopContext) => Promise<string>;
  /** Throws where a call did not end as it should. */
  readonly check: (call: (text: string) => Promise<string>) => Promise<void>;
}

export interface HopContext {
  readonly requestHeader: Headers;
  /** Calls the next hop. */
  readonly callNext: (text: string) => Promise<string>;
}

export function connectVariant(protocol: Protocol, parts: ConnectParts): Variant {
  const { name, about, base, server = () => [], client = () => [], wrap = same } = parts;
  const clientOf = (url: string): Client<typeof ProbeService> =>
    createClient(ProbeService, wrap(connectTo(protocol, url, client())));
  return {
    name,
    about,
    ...(base !== undefined && { base }),
    async startHop(hop, next) {
      const below = next === undefined ? undefined : clientOf(next);
      const callNext = async (text: string) => {
        if (below === undefined) {
          throw new Error("the last hop calls nobody");
        }
        return (await below.unary({ text })).text;
      };
      const unary = async ({ text }: { text: string }, { requestHeader }: HandlerContext) => ({
        text: await parts.handle(hop, text, { requestHeader, callNext }),
      });
      const handler = connectNodeAdapter({
        routes: (router) => router.service(ProbeService, { unary }),
        interceptors: server(),
      });
      const isHttp2 = httpVersionOf(protocol) === "2";
      return startListening(isHttp2 ? http2.createServer(handler) : http.createServer(handler));
    },
    connect(url) {
      const entry = clientOf(url);
      const call = async (text: string) => (await entry.unary({ text })).text;
      // Its connections end when the servers close theirs.
      return { call, check: () => parts.check(call), close: () => {} };
    },
  };
}

const same = (transport: Transport) => transport;
