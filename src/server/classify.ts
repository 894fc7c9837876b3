import { Code, type ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { type Cause, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { type BuiltinCauseInit, builtinCause } from "../catalog/builtin.js";
import type { Component } from "../catalog/component.js";
import { raisedAs } from "../catalog/raised.js";
import {
  chainsBehind,
  type ErrorDetail,
  errorsWithChain,
  isChainDetail,
} from "../chain/error-chain.js";
import { causeOf, isConnectError, privateText } from "../chain/thrown.js";
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
 * @param component whose handler it was
 * @param signal the signal of the request
 */
export function classify(reason: unknown, component: Component, signal: AbortSignal): Failure {
  const filledIn = (code: BuiltinError, init: Partial<BuiltinCauseInit>) =>
    builtinCause(code, { component, provenance: Provenance.FILLED_IN, ...init });
  const ended = endOf(signal);
  if (ended !== undefined && (reason === signal.reason || isAbortError(reason))) {
    return ownAnswer(filledIn(ended, {}), []);
  }
  const failed = errorsWithChain(reason);
  const [nearest] = failed;
  if (isConnectError(reason) && reason !== nearest && !reason.isWireError) {
    const own = filledIn(BuiltinError.UNCLASSIFIED, { message: reason.rawMessage });
    return applicationAnswer(reason, own, chainsBehind(causeOf(reason)));
  }
  const raised = failed.length === 1 ? raisedAs(nearest) : undefined;
  if (nearest !== undefined && raised !== undefined) {
    return applicationAnswer(nearest, { ...raised.own }, raised.below);
  }
  const downstream = nearest ?? (isConnectError(reason) ? reason : undefined);
  if (downstream !== undefined) {
    const own =
      ended === undefined
        ? filledIn(BuiltinError.DOWNSTREAM, { status: relayedStatus(downstream.code) as number })
        : filledIn(ended, {});
    return ownAnswer(own, chainsBehind(reason));
  }
  return ownAnswer(
    filledIn(BuiltinError.UNCLASSIFIED, { privateArgs: { error: privateText(reason) } }),
    [],
  );
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

/** How a request ended before its handler did: by its deadline, or by its caller. */
function endOf(signal: AbortSignal): BuiltinError | undefined {
  if (!signal.aborted) {
    return undefined;
  }
  const { reason } = signal;
  return isConnectError(reason) && reason.code === Code.DeadlineExceeded
    ? BuiltinError.TIMED_OUT
    : BuiltinError.CANCELED;
}

function isAbortError(reason: unknown): boolean {
  return (
    reason instanceof Error && (reason.name === "AbortError" || reason.name === "TimeoutError")
  );
}
