import type { DescMethod } from "@bufbuild/protobuf";
import { context } from "@opentelemetry/api";
import { type Component, checkComponent, componentOf, procedureOf } from "../catalog/component.js";
import { checkSinks, type ErrorSink } from "../report/error-report.js";
import { safely } from "../report/safely.js";
import type { StartedCall } from "../scope/failed-calls.js";
import { currentScope, type RequestScope, traceOf } from "../scope/request-scope.js";
import { parseTraceparent, TRACEPARENT, type TraceContext } from "../scope/trace-context.js";
import { type ClientSpan, startClientSpan } from "./client-span.js";
import { propagateTrace } from "./propagate-trace.js";

/** What is said of calls to a peer, whoever makes them. */
export interface PeerOptions {
  /**
   * Who is called, for the entry that names the peer when it is silent. Default:
   * the `(errchain.v1.component)` option of the service; without one, the last part
   * of the proto package in upper case (`acme.promise.v1` gives `PROMISE`).
   */
  readonly peer?: { readonly system: string; readonly module?: string };
  /**
   * Whether what the peer says of itself and of the systems behind it is believed.
   * With `"none"` its chain is kept only as a claim, in the private args of one
   * cause that we write: it speaks for no other system, matches no translation
   * rule, and delays a retry by 10 seconds at most. Set it for peers that are not
   * your own. Default: `"chain"`.
   */
  readonly trust?: "chain" | "none";
  /**
   * Whether to record a span of OpenTelemetry for each call, and to send its trace
   * context. Below a retry interceptor that is one for each attempt; a transport, or a
   * second interceptor above it, records one for the whole call. In browsers the
   * peer's CORS policy must then allow the header `traceparent`. Default: `false`.
   */
  readonly spans?: boolean;
  /**
   * Whether the callee is made to continue the trace. Without it, the entries of a chain
   * have the trace ID of their own hop, unless somebody else sends it. Default: `true`.
   */
  readonly propagateTrace?: boolean;
  /**
   * Who is told of failed calls that are made outside of any request, as in a
   * scheduled job: of the others, the request's own server interceptor tells. There
   * are ready-made sinks in `errchain/report`. What a sink throws is ignored.
   * Default: nobody.
   */
  readonly onError?: readonly ErrorSink[];
}

/** PeerOptions in the form in which they are used. */
export interface CheckedPeer {
  readonly configured: Component | undefined;
  /** The same as text; empty where nothing was configured. */
  readonly name: string;
  readonly trusted: boolean;
  readonly spans: boolean;
  readonly propagatesTrace: boolean;
  readonly onError: readonly ErrorSink[];
}

/** Throws a TypeError if an option is malformed. */
export function checkPeer(options: PeerOptions): CheckedPeer {
  const { peer, trust = "chain", spans = false, onError = [] } = options;
  if (trust !== "chain" && trust !== "none") {
    throw new TypeError(`trust must be "chain" or "none", not ${JSON.stringify(trust)}`);
  }
  const configured = peer && checkComponent(peer);
  const name = configured === undefined ? "" : `${configured.system}_${configured.module}`;
  return {
    configured,
    name,
    trusted: trust === "chain",
    spans,
    propagatesTrace: options.propagateTrace !== false,
    onError: checkSinks(onError),
  };
}

/** A call to a peer, from its start. */
export interface PeerCall extends StartedCall {
  request: unknown;
  readonly peer: CheckedPeer;
  readonly requestHeader: Headers;
  /** When the call began, as performance.now() has it. */
  readonly startedAtMs: number;
  /** Whether connect-es throws the reason of a signal, whatever is thrown here. */
  readonly inInterceptor: boolean;
  /** The request that the call is made for; undefined outside of one. */
  readonly scope: RequestScope | undefined;
  /** Our own span of the call, if one is recorded. */
  readonly span: ClientSpan | undefined;
}

/**
 * Begins a call, and makes the callee continue the trace.
 *
 * @param url where the call goes, as an interceptor knows it; undefined around a transport
 */
export function startCall(
  method: DescMethod,
  request: unknown,
  requestHeader: Headers,
  peer: CheckedPeer,
  url?: string,
): PeerCall {
  const scope = currentScope();
  const startedAt = scope === undefined ? 0 : scope.clock++;
  const span = peer.spans
    ? safely(() => startClientSpan(method, requestHeader, url, scope))
    : undefined;
  if (peer.propagatesTrace) {
    propagateTrace(requestHeader, scope, span?.context);
  }
  return {
    method,
    request,
    peer,
    peerName: peer.name,
    requestHeader,
    startedAt,
    startedAtMs: performance.now(),
    scope,
    inInterceptor: url !== undefined,
    span,
  };
}

/** Takes a step of a call, so that what begins there belongs to the span of the call. */
export function inSpan<A extends unknown[], R>(
  { span }: PeerCall,
  step: (...args: A) => R,
  ...args: A
): R {
  return span === undefined ? step(...args) : context.with(span.context, step, undefined, ...args);
}

/** The trace that the callee was told of; undefined if it was told of none. */
export function traceOfCall({ scope, requestHeader }: PeerCall): TraceContext | undefined {
  if (scope !== undefined) {
    return traceOf(scope);
  }
  const sent = parseTraceparent(requestHeader.get(TRACEPARENT));
  return sent && { ...sent, state: "" };
}

/** Who is called. */
export function calledComponent({ peer, method }: PeerCall): Component {
  return peer.configured ?? componentOf(method.parent);
}

/** The procedure as it stands in a cause: `route.v1.RouteService/FindRange`. */
export function calledProcedure({ method }: PeerCall): string {
  return procedureOf(method);
}
