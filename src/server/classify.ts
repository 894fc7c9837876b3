import { create, toBinary } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { type Cause, ErrorChainSchema, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { type BuiltinCauseInit, type BuiltinCode, builtinCause } from "../catalog/builtin.js";
import { raisedAs } from "../catalog/raised.js";
import {
  type ErrorDetail,
  errorsWithChain,
  isChainDetail,
  ownChainBytes,
} from "../chain/error-chain.js";
import { sendableStatus } from "../chain/status.js";
import {
  causeOf,
  isConnectError,
  isTimeoutError,
  privateText,
  systemErrorCode,
} from "../chain/thrown.js";
import type { AbortedCall } from "../scope/request-scope.js";
import {
  abortedCallsBehind,
  endOf,
  type FailedRequest,
  followsFromEnd,
  isBareCancel,
} from "./ended.js";

/** What a hop answers with, and what that followed from. */
export interface Answer {
  readonly kind: "answer";
  /** The hop's own cause, still without procedure and span. */
  readonly own: Cause;
  /** Encoded chains from below: none, one, or several for a fan-out. */
  readonly below: readonly Uint8Array[];
  /** The error's message. */
  readonly message: string;
  /** The details that the application itself attached. */
  readonly details: readonly ErrorDetail[];
  /** The headers and trailers that the application itself attached. */
  readonly metadata: Headers | undefined;
}

/** A failed call that is still to be translated or relayed: a cause, and no answer yet. */
export interface Downstream {
  readonly kind: "downstream";
  /** The status of the failed call. */
  readonly status: Code;
  /** The encoded chains of what failed; none where the client has no interceptor of ours. */
  readonly below: readonly Uint8Array[];
  /** For engineers, where no chain says it. */
  readonly privateArgs: Record<string, string>;
}

/**
 * Names what a handler threw, whatever it is:
 *
 * 1. The error of a definition is the answer, also where plain errors wrap it.
 * 2. A ConnectError that the application made is its answer, filled in.
 * 3. What follows from the end of the request (its caller cancelled it, or its
 *    deadline passed) is answered with that.
 * 4. The error of a failed call, or one that follows from it, is no answer but a
 *    cause. Of its message, details and metadata nothing is passed on.
 * 5. All else is unclassified, and what it says is for engineers only.
 */
export function classify(reason: unknown, request: FailedRequest): Answer | Downstream {
  const { component, scope } = request;
  const filledIn = (code: BuiltinCode, init: Partial<BuiltinCauseInit> = {}) =>
    builtinCause(code, { component, provenance: Provenance.FILLED_IN, ...init });
  const failed = errorsWithChain(reason);
  const [nearest] = failed;
  const aborted = abortedCallsBehind(reason, scope);
  const ended = endOf(request);
  const timedOut = (calls: readonly AbortedCall[]) =>
    ended === BuiltinError.TIMED_OUT || calls.some((call) => isTimeoutError(call.reason));
  const chainsOf = (calls: readonly AbortedCall[]) =>
    calls.map((call) =>
      observedChain(call, timedOut(calls) ? BuiltinError.TIMED_OUT : BuiltinError.CANCELED),
    );
  const below = [...failed.flatMap((error) => ownChainBytes(error) ?? []), ...chainsOf(aborted)];

  const raised = failed.length === 1 ? raisedAs(nearest) : undefined;
  const wrapsOnly = reason === nearest || !isConnectError(reason);
  if (nearest !== undefined && raised !== undefined && wrapsOnly) {
    const behind = chainsOf(abortedCallsBehind(causeOf(nearest), scope));
    return applicationAnswer(nearest, { ...raised.own }, [...raised.below, ...behind]);
  }
  if (isConnectError(reason) && reason !== nearest && !isErrorOfCall(reason, request, aborted)) {
    const own = filledIn(
      reason.code === Code.Unimplemented ? BuiltinError.UNIMPLEMENTED : BuiltinError.UNCLASSIFIED,
      { message: reason.rawMessage },
    );
    return applicationAnswer(reason, own, below);
  }
  const isCall = failed.length > 0 || aborted.length > 0 || isConnectError(reason);
  if (ended !== undefined && (isCall || followsFromEnd(reason, request))) {
    return ownAnswer(filledIn(ended), below);
  }
  if (isCall) {
    const status = statusOfCall();
    const privateArgs: Record<string, string> =
      below.length === 0 ? { error: privateText(reason) } : {};
    return { kind: "downstream", status, below, privateArgs };
  }
  const privateArgs = { error: privateText(reason) };
  return ownAnswer(filledIn(BuiltinError.UNCLASSIFIED, { privateArgs }), []);

  function statusOfCall(): Code {
    if (nearest !== undefined) {
      return nearest.code;
    }
    if (aborted.length > 0) {
      return timedOut(aborted) ? Code.DeadlineExceeded : Code.Canceled;
    }
    return isConnectError(reason) ? reason.code : Code.Unknown;
  }
}

/** Whether a ConnectError is that of a failed call, and not one that the application made. */
function isErrorOfCall(
  error: ConnectError,
  { req }: FailedRequest,
  aborted: readonly AbortedCall[],
): boolean {
  return (
    error.isWireError ||
    isTransportError(error) ||
    error === req.signal.reason ||
    (isBareCancel(error) && (req.signal.aborted || aborted.length > 0))
  );
}

/** The chain of an aborted call, which names the peer. */
function observedChain({ peer, procedure }: AbortedCall, code: BuiltinCode): Uint8Array {
  const cause = builtinCause(code, { component: peer, provenance: Provenance.OBSERVED });
  cause.procedure = procedure;
  return toBinary(ErrorChainSchema, create(ErrorChainSchema, { causes: [cause] }));
}

/** An answer that is all this library's. */
export function ownAnswer(own: Cause, below: readonly Uint8Array[]): Answer {
  return { kind: "answer", own, below, message: own.message, details: [], metadata: undefined };
}

/** An answer to which the application gave status, message, details and metadata. */
export function applicationAnswer(
  error: ConnectError,
  own: Cause,
  below: readonly Uint8Array[],
): Answer {
  own.status = sendableStatus(error.code) as number;
  return {
    kind: "answer",
    own,
    below,
    message: error.rawMessage,
    details: error.details.filter((detail) => !isChainDetail(detail)),
    metadata: error.metadata,
  };
}

/** Whether connect-node made an error of a system error, whose text names host and port. */
function isTransportError(error: ConnectError): boolean {
  const cause = causeOf(error);
  return (
    cause instanceof Error &&
    cause.message === error.rawMessage &&
    systemErrorCode(cause) !== undefined
  );
}
