import { Code, ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { type Cause, Provenance, Status } from "../../gen/errchain/v1/error_chain_pb.js";
import { type BuiltinCode, builtinCause } from "../catalog/builtin.js";
import type { Component } from "../catalog/component.js";
import { composeChain } from "../chain/compose.js";
import { chainDetail, errorChain, isChainDetail, ownChainBytes } from "../chain/error-chain.js";
import { fromHex } from "../chain/hex.js";
import { chainBudget, DEFAULT_MAX_BYTES } from "../chain/limits.js";
import { scanChain } from "../chain/scan.js";
import { isConnectError, privateText } from "../chain/thrown.js";
import { noteAbortedCall, type RequestScope } from "../scope/request-scope.js";

/** A failed call as its caller sees it. */
export interface ObservedCall {
  /** Who was called. */
  readonly peer: Component;
  /** `route.v1.RouteService/FindRange`. */
  readonly procedure: string;
  /** Aborted where the caller cancelled the call or its deadline passed. */
  readonly signal: AbortSignal;
  /** The request that the call was made for; undefined outside of one. */
  readonly scope: RequestScope | undefined;
}

/**
 * What the caller throws for a failed call. An error without a chain gets one: a
 * single OBSERVED cause that names the peer, which answered without a chain or
 * not at all.
 */
export function observe(reason: unknown, call: ObservedCall): unknown {
  if (call.signal.aborted) {
    return observeAborted(reason, call);
  }
  if (hasReadableChain(reason) || isRequestError(reason)) {
    return reason;
  }
  const error = normalize(reason);
  const cause = error.isWireError ? answeredCause(error, call) : unansweredCause(error, call);
  const chain = chainDetail(observedChain(cause, error.rawMessage, call));
  const details = error.details.filter((detail) => !isChainDetail(detail)); // not a readable one
  if (error.isWireError) {
    error.details = [...details, chain];
    return error;
  }
  // Several calls of a connection may share an error that was made on this side,
  // and its status may be wrong.
  const { rawMessage, metadata } = error;
  const observed = new ConnectError(rawMessage, cause.status as number, metadata, [], reason);
  observed.details.push(...details, chain);
  return observed;
}

/**
 * The call's signal was aborted, by its deadline or by the caller. connect-es
 * makes the error from the signal's reason then, whatever we throw. The error of a
 * deadline can carry the chain, unless several calls were given one signal. In
 * any case the request's scope remembers who was called.
 */
function observeAborted(thrown: unknown, call: ObservedCall): unknown {
  const { peer, procedure, scope } = call;
  const { reason } = call.signal;
  if (isConnectError(reason) && reason.code === Code.DeadlineExceeded) {
    const isShared = scope?.abortedCalls?.some((other) => other.reason === reason) ?? false;
    const cause = builtinCause(BuiltinError.TIMED_OUT, {
      component: peer,
      provenance: Provenance.OBSERVED,
    });
    const others = reason.details.filter((detail) => !isChainDetail(detail));
    const chain = chainDetail(observedChain(cause, reason.rawMessage, call));
    reason.details = isShared ? others : [...others, chain];
  }
  if (scope !== undefined) {
    noteAbortedCall(scope, { reason, peer, procedure });
  }
  return thrown;
}

function observedChain(cause: Cause, message: string, call: ObservedCall): Uint8Array {
  cause.procedure = call.procedure;
  const traceId = call.scope ? fromHex(call.scope.trace.traceId) : new Uint8Array();
  return composeChain(cause, [], traceId, chainBudget(DEFAULT_MAX_BYTES, message));
}

function hasReadableChain(reason: unknown): boolean {
  const bytes = ownChainBytes(reason);
  return (
    bytes !== undefined && (scanChain(bytes) !== undefined || errorChain(reason) !== undefined)
  );
}

/** Whether the request could not even be written. That is no failure of the peer. */
function isRequestError(reason: unknown): boolean {
  return (
    isConnectError(reason) &&
    !reason.isWireError &&
    /^(serialize binary: |cannot encode )/.test(reason.rawMessage) // as Protobuf, as JSON
  );
}

/** connect-web throws what fetch() throws: a TypeError for a network error. */
function normalize(reason: unknown): ConnectError {
  return ConnectError.from(reason, reason instanceof TypeError ? Code.Unavailable : Code.Unknown);
}

/** The peer answered with a status, but with no chain: what it said is all there is. */
function answeredCause(error: ConnectError, { peer }: ObservedCall): Cause {
  const code =
    error.code === Code.Unimplemented ? BuiltinError.UNIMPLEMENTED : BuiltinError.UNCLASSIFIED;
  return builtinCause(code, {
    component: peer,
    provenance: Provenance.OBSERVED,
    status: error.code as number,
    message: error.rawMessage,
  });
}

/** The error was made on this side. Its text may name hosts and ports, so it stays private. */
function unansweredCause(error: ConnectError, { peer }: ObservedCall): Cause {
  const [code, status] = unanswered(error.code);
  return builtinCause(code, {
    component: peer,
    provenance: Provenance.OBSERVED,
    status,
    privateArgs: { error: privateText(error) },
  });
}

/**
 * What the status of an error made on this side says about the peer, and which
 * status the error should have. Only connect-es speaks here, so this is about
 * what connect-es does, see connectErrorFromNodeReason() in connect-node.
 */
function unanswered(code: Code): [BuiltinCode, Status] {
  switch (code) {
    case Code.DeadlineExceeded:
      return [BuiltinError.TIMED_OUT, Status.DEADLINE_EXCEEDED];
    // A process that dies in the middle of a call resets the stream (canceled)
    // or the connection (aborted). Our own cancellation does not come here.
    case Code.Canceled:
    case Code.Aborted:
    case Code.Unavailable:
      return [BuiltinError.UNREACHABLE, Status.UNAVAILABLE];
    case Code.Unimplemented:
      return [BuiltinError.UNIMPLEMENTED, Status.UNIMPLEMENTED];
    // The answer has another content type, ends early, or does not parse.
    case Code.Unknown:
    case Code.InvalidArgument:
    case Code.DataLoss:
    case Code.Internal:
      return [BuiltinError.MALFORMED, code as number];
    default:
      return [BuiltinError.UNCLASSIFIED, code as number];
  }
}
