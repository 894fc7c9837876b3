import { Code, type ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { type Cause, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { type BuiltinCauseInit, type BuiltinCode, builtinCause } from "../catalog/builtin.js";
import type { Classifier } from "../catalog/cause-init.js";
import { isRaisedAlone, raisedAs } from "../catalog/raised.js";
import { isConnectionCode } from "../chain/connection-codes.js";
import { type ErrorDetail, otherDetailsOf, ownChainBytes } from "../chain/error-chain.js";
import { sendableStatus } from "../chain/status.js";
import { causeOf, isConnectError, systemErrorCode, textOf } from "../chain/thrown.js";
import { endOf, isNoTimeLeft } from "../scope/deadline.js";
import { isOfFailedCall } from "../scope/failed-calls.js";
import { type FailedRequest, followsFromEnd, isBareCancel, isMissingMessage } from "./ended.js";
import { chainsOf, type Failure, failuresBehind, inferredFailures } from "./failures.js";
import { untoldError } from "./untold.js";

/** What a hop answers with, and what that followed from. */
export interface Answer {
  readonly kind: "answer";
  /** The hop's own cause, still without procedure and span. */
  readonly own: Cause;
  /** Encoded chains from below: none, one, or several for a fan-out. */
  readonly below: readonly Uint8Array[];
  /** Whether what was thrown names what it followed from; else `below` may be inferred. */
  readonly named: boolean;
  /** The error's message. */
  readonly message: string;
  /** The details that the application itself attached. */
  readonly details: readonly ErrorDetail[];
  /** The headers and trailers that the application itself attached. */
  readonly metadata: Headers | undefined;
  /** The error of the answer, where this library has made one for it. */
  readonly error?: ConnectError;
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

/** How errors without a chain are named. */
export interface ClassifyOptions {
  readonly classifiers: readonly Classifier[];
  /** Whether failed calls are taken for the causes of an error that names none. */
  readonly inferCauses: boolean;
}

/**
 * Names what a handler threw, whatever it is:
 *
 * 1. The error of a definition is the answer, also where plain errors wrap it.
 * 2. A ConnectError that the application made is its answer, filled in.
 * 3. What follows from the end of the request (its caller cancelled it, or its
 *    deadline passed) is answered with that.
 * 4. The error of a failed call, one that a classifier can name, or one that follows
 *    from such errors, is no answer but a cause. Of its message, details and metadata
 *    nothing is passed on.
 * 5. All else is unclassified, and what it says is for engineers only.
 *
 * Where an answer names no cause, the calls that failed in the request are inferred
 * to be it. A cause that no chain tells of is a text for engineers.
 */
export function classify(
  reason: unknown,
  request: FailedRequest,
  { classifiers, inferCauses }: ClassifyOptions,
  onProblem: (problem: unknown) => void,
): Answer | Downstream {
  const { component, scope } = request;
  const filledIn = (code: BuiltinCode, init: Partial<BuiltinCauseInit> = {}) =>
    builtinCause(code, { component, provenance: Provenance.FILLED_IN, ...init });
  const behind = (value: unknown) => failuresBehind(value, scope, classifiers, onProblem);
  const orInferred = (
    below: readonly Uint8Array[],
    hasNamed = false,
  ): Pick<Answer, "below" | "named"> => {
    const named = hasNamed || below.length > 0;
    return { below: named || !inferCauses ? below : inferredFailures(scope), named };
  };
  const fromApplication = (error: ConnectError, failures: readonly Failure[]) => {
    const isUnknown = error.code === Code.Unimplemented;
    const code = isUnknown ? BuiltinError.UNIMPLEMENTED : BuiltinError.UNCLASSIFIED;
    const privateArgs = untoldError(causeOf(error), failures);
    const own = filledIn(code, { message: error.rawMessage, privateArgs });
    return applicationAnswer(error, own, orInferred(chainsOf(failures), hasCause(error)));
  };
  const failures = behind(reason);
  const [nearest] = failures;

  const wrapsOnly = reason === nearest?.error || !isConnectError(reason);
  if (nearest?.error !== undefined && failures.length === 1 && wrapsOnly) {
    const { error } = nearest;
    const raised = raisedAs(error);
    if (raised !== undefined && isCopiedChain(error)) {
      return fromApplication(error, failures);
    }
    if (raised !== undefined) {
      const { from } = raised;
      const declared = "chains" in from ? [] : behind(from.reason);
      const below = "chains" in from ? from.chains : chainsOf(declared);
      const untold = untoldError(reason === error ? causeOf(error) : reason, declared);
      const own = { ...raised.own, privateArgs: { ...untold, ...raised.own.privateArgs } };
      return applicationAnswer(error, own, orInferred(below, hasCause(error)));
    }
  }
  if (
    isConnectError(reason) &&
    reason !== nearest?.error &&
    !isErrorOfCall(reason, request, failures)
  ) {
    if (isCopiedText(reason)) {
      const init = { status: reason.code as number, privateArgs: untoldError(reason, failures) };
      const own = filledIn(BuiltinError.UNCLASSIFIED, init);
      return ownAnswer(own, orInferred(chainsOf(failures)));
    }
    return fromApplication(reason, failures);
  }
  const ended = endOf(scope);
  const isFailure = failures.length > 0 || isConnectError(reason);
  if (ended !== undefined && (isFailure || followsFromEnd(reason, request))) {
    const code = ended === "timed out" ? BuiltinError.TIMED_OUT : BuiltinError.CANCELED;
    return ownAnswer(filledIn(code), orInferred(chainsOf(failures)));
  }
  if (isFailure) {
    const status = nearest?.status ?? statusOf(reason);
    const privateArgs = untoldError(reason, failures);
    return { kind: "downstream", status, below: chainsOf(failures), privateArgs };
  }
  const privateArgs = { error: textOf(reason), ...untoldError(reason, []) };
  return ownAnswer(filledIn(BuiltinError.UNCLASSIFIED, { privateArgs }), orInferred([]));
}

/** Whether an error names what it followed from, be it a failure that is known or not. */
function hasCause(error: ConnectError): boolean {
  const cause = causeOf(error);
  return cause !== undefined && cause !== null;
}

/**
 * Whether the application has put the details of a failed call's error on one of its own:
 * it is no other error of ours that has the very same bytes.
 */
function isCopiedChain(error: ConnectError): boolean {
  if (isRaisedAlone(error)) {
    return false; // as mostly
  }
  const bytes = ownChainBytes(error);
  return bytes !== undefined && isOfFailedCall(bytes);
}

/** Whether a ConnectError is that of a failed call, and not one that the application made. */
function isErrorOfCall(
  error: ConnectError,
  { req, scope }: FailedRequest,
  failures: readonly Failure[],
): boolean {
  return (
    error.isWireError ||
    isTransportError(error) ||
    isReset(error) ||
    isNoTimeLeft(error) ||
    ((error === req.signal.reason || isMissingMessage(error)) && endOf(scope) !== undefined) ||
    failures.some(({ end }) => end !== undefined && end.reason === error) ||
    (isBareCancel(error) && (req.signal.aborted || failures.some(({ end }) => end !== undefined)))
  );
}

/** An answer that is all this library's. */
export function ownAnswer(own: Cause, { below, named }: Pick<Answer, "below" | "named">): Answer {
  const { message } = own;
  return { kind: "answer", own, below, named, message, details: [], metadata: undefined };
}

/** An answer to which the application gave status, message, details and metadata. */
export function applicationAnswer(
  error: ConnectError,
  own: Cause,
  { below, named }: Pick<Answer, "below" | "named">,
): Answer {
  own.status = sendableStatus(error.code) as number;
  return {
    kind: "answer",
    own,
    below,
    named,
    message: error.rawMessage,
    details: otherDetailsOf(error),
    metadata: error.metadata.keys().next().done ? undefined : error.metadata,
  };
}

/**
 * Whether connect-es has made an error of another one, by ConnectError.from(): the text
 * is what some code has said to its author, and nobody meant it for callers.
 */
function isCopiedText(error: ConnectError): boolean {
  const cause = causeOf(error);
  return (
    (error.code === Code.Unknown || error.code === Code.Internal) &&
    cause instanceof Error &&
    !isConnectError(cause) &&
    cause.message === error.rawMessage
  );
}

/** The status of a failed call. For a connection that failed, connect-node has many: ABORTED, INTERNAL, … */
function statusOf(reason: unknown): Code {
  if (!isConnectError(reason)) {
    return Code.Unknown;
  }
  const isLost =
    isConnectionCode(systemErrorCode(reason) ?? "") ||
    (reason.code === Code.Canceled && isReset(reason));
  return isLost ? Code.Unavailable : reason.code;
}

/** Whether connect-node says that the peer's end has reset a stream. */
function isReset({ rawMessage }: ConnectError): boolean {
  return rawMessage.startsWith("http/2 stream closed with error code ");
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
