import { createClientInterceptor, createErrorChainTransport } from "errchain";
import { createServerInterceptor } from "errchain/server";
import { continueTrace, noop, onlyHeader, onlyStorage, sendTrace } from "./by-hand.ts";
import { type ConnectParts, connectVariant, type HopContext, type Protocol } from "./connect.ts";
import { clientSpans, serverSpans } from "./opentelemetry.ts";
import { again } from "./result.ts";
import { expectThat, type HopNumber, type Variant } from "./variant.ts";

/** The names of the rows, for those who compare them. */
export const success = {
  bare: "bare connect-es",
  noop: "no-op interceptors",
  storage: "AsyncLocalStorage alone",
  header: "a raw traceparent header alone",
  byHand: "AsyncLocalStorage and raw traceparent",
  spans: "OpenTelemetry SDK spans",
  withoutTrace: "errchain interceptors without trace context",
  transportWithoutTrace: "errchain transport without trace context",
  errchain: "errchain interceptors",
  transport: "errchain transport",
} as const;

const withoutTrace = { propagateTrace: false };

const server = () => [createServerInterceptor()];

/** Calls that succeed, from the last hop back to the entry. */
export function successVariants(protocol: Protocol): Variant[] {
  const variant = (
    sends: "a trace" | "a header" | "nothing",
    parts: Omit<ConnectParts, "handle" | "check">,
  ) => connectVariant(protocol, { ...parts, handle, check: (call) => check(call, sends) });
  return [
    variant("nothing", { name: success.bare, about: "No interceptor at all." }),
    variant("nothing", {
      name: again(success.bare),
      about: "The same once more: how far two rows differ by chance.",
    }),
    variant("nothing", {
      name: success.noop,
      about: "An interceptor that does nothing on every server and client.",
      server: () => [noop],
      client: () => [noop],
    }),
    variant("nothing", {
      name: success.storage,
      about: "`AsyncLocalStorage.run()` around each handler.",
      server: () => [onlyStorage],
    }),
    variant("a header", {
      name: success.header,
      about: "Every client sends a `traceparent` header with a new value.",
      client: () => [onlyHeader],
    }),
    variant("a trace", {
      name: success.byHand,
      about:
        "What a careful user writes to have one trace ID in all hops: reads `traceparent`, keeps it for the request, sends it on; IDs from a pool of random digits.",
      server: () => [continueTrace],
      client: () => [sendTrace],
    }),
    variant("a trace", {
      name: success.spans,
      about:
        "A span for each request and each call made for it; batch processor, an exporter that drops them.",
      server: () => [serverSpans],
      client: () => [clientSpans],
    }),
    variant("nothing", {
      name: success.withoutTrace,
      about:
        "`createServerInterceptor()` and `createClientInterceptor({ propagateTrace: false })`.",
      server,
      client: () => [createClientInterceptor(withoutTrace)],
    }),
    variant("nothing", {
      name: success.transportWithoutTrace,
      about:
        "`createServerInterceptor()` and `createErrorChainTransport(…, { propagateTrace: false })`.",
      server,
      wrap: (transport) => createErrorChainTransport(transport, withoutTrace),
    }),
    variant("a trace", {
      name: success.errchain,
      about: "`createServerInterceptor()` and `createClientInterceptor()`.",
      server,
      client: () => [createClientInterceptor()],
    }),
    variant("a trace", {
      name: success.transport,
      about:
        "`createServerInterceptor()` and `createErrorChainTransport()`, which also hands deadlines down.",
      server,
      wrap: (transport) => createErrorChainTransport(transport),
    }),
  ];
}

/** The text that asks for the trace context of each hop, and not for an answer. */
const WHAT_TRACE = "what trace?";

async function handle(hop: HopNumber, text: string, { requestHeader, callNext }: HopContext) {
  if (text === WHAT_TRACE) {
    const below = hop === 3 ? "" : await callNext(text);
    return `${requestHeader.get("traceparent") ?? "none"} ${below}`;
  }
  return hop === 3 ? `the range of ${text}` : callNext(text);
}

/** Throws unless the answer comes from the last hop, and the hops sent what they should. */
async function check(
  call: (text: string) => Promise<string>,
  sends: "a trace" | "a header" | "nothing",
): Promise<void> {
  const answer = await call("7f");
  expectThat(answer === "the range of 7f", `the answer is ${JSON.stringify(answer)}`);
  const [, second = "", third = ""] = (await call(WHAT_TRACE)).trim().split(" ");
  const traceOf = (header: string) => header.split("-")[1];
  if (sends === "nothing") {
    expectThat(second === "none" && third === "none", "it sends traceparent, and should not");
  } else {
    expectThat(second !== "none" && third !== "none", "it sends no traceparent");
    const isOne = traceOf(second) === traceOf(third);
    expectThat(isOne === (sends === "a trace"), "the hops have the wrong trace IDs");
  }
}
