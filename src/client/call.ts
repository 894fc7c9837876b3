import type { DescMethod } from "@bufbuild/protobuf";
import { type Component, checkComponent, componentOf, procedureOf } from "../catalog/component.js";
import type { StartedCall } from "../scope/failed-calls.js";
import { currentScope, type RequestScope } from "../scope/request-scope.js";
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
}

/** PeerOptions in the form in which they are used. */
export interface CheckedPeer {
  readonly configured: Component | undefined;
  /** The same as text; empty where nothing was configured. */
  readonly name: string;
  readonly trusted: boolean;
}

/** Throws a TypeError if an option is malformed. */
export function checkPeer({ peer, trust = "chain" }: PeerOptions): CheckedPeer {
  if (trust !== "chain" && trust !== "none") {
    throw new TypeError(`trust must be "chain" or "none", not ${JSON.stringify(trust)}`);
  }
  const configured = peer && checkComponent(peer);
  const name = configured === undefined ? "" : `${configured.system}_${configured.module}`;
  return { configured, name, trusted: trust === "chain" };
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
}

/** Begins a call, and makes the callee continue the trace of the request that it is made for. */
export function startCall(
  method: DescMethod,
  request: unknown,
  requestHeader: Headers,
  peer: CheckedPeer,
  inInterceptor: boolean,
): PeerCall {
  const scope = currentScope();
  let startedAt = 0;
  if (scope !== undefined) {
    startedAt = scope.clock++;
    propagateTrace(scope, requestHeader);
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
    inInterceptor,
  };
}

/** Who is called. */
export function calledComponent({ peer, method }: PeerCall): Component {
  return peer.configured ?? componentOf(method.parent);
}

/** The procedure as it stands in a cause: `route.v1.RouteService/FindRange`. */
export function calledProcedure({ method }: PeerCall): string {
  return procedureOf(method);
}
