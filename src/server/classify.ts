import { create, toBinary } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { type Cause, ErrorChainSchema, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { type BuiltinCauseInit, builtinCause } from "../catalog/builtin.js";
import { raisedAs } from "../catalog/raised.js";
import {
  chainsBehind,
  type ErrorDetail,
  errorsWithChain,
  isChainDetail,
} from "../chain/error-chain.js";
import {
  causeOf,
  isConnectError,
  isTimeoutError,
  privateText,
  systemErrorCode,
} from "../chain/thrown.js";
import type { AbortedCall } from "../scope/request-scope.js";
import { abortedCallsBehind, endOf, type FailedRequest, followsFromEnd } from "./ended.js";
import { relayedStatus } from "./relay.js";

/** What a hop answers with, and what that followed from. */
export interface Failure {
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

/**
 * Names what a handler threw, whatever it is:
 *
 * 1. What follows from the end of the request (its caller cancelled it, or its
 *    deadline passed) is answered with that.
 * 2. A ConnectError that the application made is its answer, filled in.
 * 3. The error of a definition is the answer, also where plain errors wrap it.
 * 4. The error of a failed call, or one that follows from it, is no answer but a
 *    cause: the answer is DOWNSTREAM, and of the callee's message, details and
 *    metadata nothing leaves but the chain.
 * 5. All else is unclassified, and what it says is for engineers only.
 *
 * Where the request has ended, 4 answers with that too.
 */
export function classify(reason: unknown, request: FailedRequest): Failure {
  const { component, signal, scope } = request;
  const filledIn = (code: BuiltinError, init: Partial<BuiltinCauseInit> = {}) =>
    builtinCause(code, { component, provenance: Provenance.FILLED_IN, ...init });
  const failed = errorsWithChain(reason);
  const [nearest] = failed;
  const aborted = abortedCallsBehind(reason, scope);
  const ended = endOf(request);
  if (
    ended !== undefined &&
    (reason === signal.reason || aborted.length > 0 || followsFromEnd(reason))
  ) {
    const below = aborted.length > 0 ? chainsOf(aborted, ended) : chainsBehind(reason);
    return ownAnswer(filledIn(ended), below);
  }
  if (aborted.length > 0 && nearest === undefined) {
    // The handler itself has given up a call.
    const timedOut = aborted.some((call) => isTimeoutError(call.reason));
    const status = relayedStatus(timedOut ? Code.DeadlineExceeded : Code.Canceled);
    const own = filledIn(BuiltinError.DOWNSTREAM, { status: status as number });
    const observed = timedOut ? BuiltinError.TIMED_OUT : BuiltinError.CANCELED;
    return ownAnswer(own, chainsOf(aborted, observed));
  }
  const isCallError = isConnectError(reason) && (reason.isWireError || isTransportError(reason));
  if (isConnectError(reason) && reason !== nearest && !isCallError) {
    const own = filledIn(
      reason.code === Code.Unimplemented ? BuiltinError.UNIMPLEMENTED : BuiltinError.UNCLASSIFIED,
      { message: reason.rawMessage },
    );
    return applicationAnswer(reason, own, chainsBehind(causeOf(reason)));
  }
  const raised = failed.length === 1 ? raisedAs(nearest) : undefined;
  if (nearest !== undefined && raised !== undefined) {
    return applicationAnswer(nearest, { ...raised.own }, raised.below);
  }
  const downstream = nearest ?? (isCallError ? reason : undefined);
  if (downstream !== undefined) {
    const own =
      ended === undefined
        ? filledIn(BuiltinError.DOWNSTREAM, {
            status: relayedStatus(downstream.code) as number,
            // Without the client interceptor there is no chain that says it.
            privateArgs: nearest === undefined ? { error: privateText(reason) } : {},
          })
        : filledIn(ended);
    return ownAnswer(own, chainsBehind(reason));
  }
  const privateArgs = { error: privateText(reason) };
  return ownAnswer(filledIn(BuiltinError.UNCLASSIFIED, { privateArgs }), []);
}

/** A chain for each aborted call, which names the peer. */
function chainsOf(calls: readonly AbortedCall[], code: BuiltinError): Uint8Array[] {
  return calls.map(({ peer, procedure }) => {
    const cause = builtinCause(code, { component: peer, provenance: Provenance.OBSERVED });
    cause.procedure = procedure;
    return toBinary(ErrorChainSchema, create(ErrorChainSchema, { causes: [cause] }));
  });
}

/** An answer that is all this library's. */
function ownAnswer(own: Cause, below: readonly Uint8Array[]): Failure {
  return { own, below, message: own.message, details: [], metadata: undefined };
}

/** An answer to which the application gave status, message, details and metadata. */
function applicationAnswer(error: ConnectError, own: Cause, below: readonly Uint8Array[]): Failure {
  own.status = sendableStatus(error.code) as number;
  return {
    own,
    below,
    message: error.rawMessage,
    details: error.details.filter((detail) => !isChainDetail(detail)),
    metadata: error.metadata,
  };
}

/** The status as it can be sent: a code of 0 would make the error look like success. */
export function sendableStatus(code: Code): Code {
  return code in Code ? code : Code.Unknown;
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
