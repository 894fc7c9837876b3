import { Code, ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { type Cause, Provenance, Status } from "../../gen/errchain/v1/error_chain_pb.js";
import { builtinCause } from "../catalog/builtin.js";
import type { Component } from "../catalog/component.js";
import { composeChain } from "../chain/compose.js";
import { chainDetail, ownChainBytes } from "../chain/error-chain.js";
import { chainBudget, DEFAULT_MAX_BYTES } from "../chain/limits.js";
import { isConnectError, privateText } from "../chain/thrown.js";

/** A failed call as its caller sees it. */
export interface ObservedCall {
  /** Who was called. */
  readonly peer: Component;
  /** `route.v1.RouteService/FindRange`. */
  readonly procedure: string;
  /** Aborted where the caller cancelled the call or its deadline passed. */
  readonly signal: AbortSignal;
  /** Of the request that the call was made for, 16 bytes; empty outside of one. */
  readonly traceId: Uint8Array;
}

/**
 * What the caller throws for a failed call. An error without a chain gets one: a
 * single OBSERVED cause that names the peer, which answered without a chain or
 * not at all.
 */
export function observe(reason: unknown, call: ObservedCall): unknown {
  if (ownChainBytes(reason) !== undefined) {
    return reason;
  }
  if (call.signal.aborted && !isDeadline(reason)) {
    return reason; // the caller cancelled: nobody's fault, and connect-es discards what we throw
  }
  const error = normalize(reason);
  const cause = observedCause(error, call);
  const maxBytes = chainBudget(DEFAULT_MAX_BYTES, error.rawMessage);
  const chain = chainDetail(composeChain(cause, [], call.traceId, maxBytes));
  // An error read from the wire belongs to this call alone, and so does that of
  // its deadline, which connect-es throws whatever we throw. Any other may be
  // shared by the calls of a connection, or have the wrong status.
  if (error.isWireError || call.signal.aborted) {
    error.details.push(chain);
    return error;
  }
  const observed = new ConnectError(
    error.rawMessage,
    cause.status as number,
    error.metadata,
    undefined,
    reason,
  );
  observed.details.push(...error.details, chain);
  return observed;
}

/** connect-web throws what fetch() throws: a TypeError for a network error. */
function normalize(reason: unknown): ConnectError {
  return ConnectError.from(reason, reason instanceof TypeError ? Code.Unavailable : Code.Unknown);
}

function isDeadline(reason: unknown): boolean {
  return isConnectError(reason) && reason.code === Code.DeadlineExceeded;
}

function observedCause(error: ConnectError, call: ObservedCall): Cause {
  const cause = error.isWireError ? answeredCause(error, call) : unansweredCause(error, call);
  cause.procedure = call.procedure;
  return cause;
}

/** The peer answered with a status, but with no chain: what it said is all there is. */
function answeredCause(error: ConnectError, { peer }: ObservedCall): Cause {
  return builtinCause(BuiltinError.UNCLASSIFIED, {
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
function unanswered(code: Code): [BuiltinError, Status] {
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
