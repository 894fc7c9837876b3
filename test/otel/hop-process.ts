// A hop in a process of its own: it calls the next one if there is one, and fails.

import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { createClientInterceptor, createErrorChainTransport, defineError } from "errchain";
import { errorMetrics, logLines, otelEvents } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { startListening } from "../support/listening.ts";
import { callProbe, failureOf, type Kind, probeRoutes } from "../support/probe.ts";
import { connectTo, httpVersionOf, type Protocol } from "../support/protocols.ts";
import { HOP_NAME, providedSdk } from "./hop-sdk.ts";

/** What a hop is told, as JSON in its environment. */
export interface HopOptions {
  readonly protocol: Protocol;
  readonly kind: Kind;
  readonly nextUrl: string | undefined;
  readonly spans: boolean;
  readonly trustRemote: boolean;
  readonly client: "interceptor" | "transport";
}

const { HOP_OPTIONS = "{}" } = process.env;
const { protocol, kind, nextUrl, spans, trustRemote, client }: HopOptions = JSON.parse(HOP_OPTIONS);
const sdk = providedSdk();

const failed = defineError({
  system: HOP_NAME,
  code: 1000,
  reason: "HOP_FAILED",
  status: "UNAVAILABLE",
  message: "{hop} cannot go on",
});

const next = nextUrl === undefined ? undefined : createClient(ProbeService, connectToNext(nextUrl));

function connectToNext(url: string) {
  return client === "transport"
    ? createErrorChainTransport(connectTo(protocol, url), { spans })
    : connectTo(protocol, url, [createClientInterceptor({ spans })]);
}

const handler = connectNodeAdapter({
  routes: probeRoutes(async (text) => {
    if (text === "succeed") {
      return next === undefined ? "done" : callProbe(next, kind, text);
    }
    const cause = next && (await failureOf(callProbe(next, kind, text)));
    throw failed({ hop: HOP_NAME }, { cause });
  }),
  interceptors: [
    createServerInterceptor({
      system: HOP_NAME,
      spans,
      trustRemote,
      onError: [
        logLines(process.stdout),
        ...(sdk === undefined ? [] : [otelEvents(sdk), errorMetrics()]),
      ],
    }),
  ],
});

const server = httpVersionOf(protocol) === "2" ? createHttp2Server(handler) : createServer(handler);
const { url, close } = await startListening(server);
process.on("message", async () => {
  const closed = once(server, "close"); // HTTP instrumentation ends its spans with the connections
  close();
  await closed;
  await sdk?.shutdown();
  process.disconnect();
});
process.send?.({ url });
