import { Code, ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { googleRpcCause, type SaidCause } from "../catalog/google-rpc.js";
import {
  allErrorsBehind,
  chainDetail,
  hasOwnChain,
  otherDetailsOf,
  ownChainBytes,
} from "../chain/error-chain.js";
import { isConnectError, privateText } from "../chain/thrown.js";
import { isOfOtherMethod } from "../scope/failed-calls.js";
import type { PeerCall } from "./call.js";
import { isLocalError, isNetworkError } from "./local-error.js";
import { observedChain } from "./observed-chain.js";
import { seenAs } from "./seen-as.js";
import {
  cappedDelay,
  claimOf,
  isSigned,
  limitDelay,
  limitPushback,
  type ReceivedChain,
  receivedChain,
} from "./trust.js";

/** What a caller makes of a failed call. */
export interface Observed {
  /** What is thrown. */
  readonly error: unknown;
  /** The chain that it carries; undefined where the peer has no part in the failure. */
  readonly chain: Uint8Array | undefined;
}

/**
 * Errors that were given a chain already, by an interceptor inside of a transport. One
 * that came with its peer's chain is as it was, and can be looked at twice.
 */
const seen = new WeakSet<object>();

/**
 * What the caller throws for a failed call. An error without a chain gets one: an
 * OBSERVED cause that names the peer, which answered without a chain or not at all.
 */
export function observe(reason: unknown, call: PeerCall): Observed {
  if (!call.peer.trusted) {
    allErrorsBehind(reason).filter(isConnectError).forEach(limitPushback);
  }
  const wrapped = isAnswer(reason) ? undefined : observeWrapped(reason, call);
  if (wrapped !== undefined) {
    return wrapped;
  }
  if (isLocalError(reason) || isOfOtherCall(reason, call)) {
    return { error: reason, chain: undefined };
  }
  const error = normalize(reason);
  if (seen.has(error) && call.peer.trusted) {
    return { error, chain: ownChainBytes(error) };
  }
  return error.isWireError ? observeAnswer(error, call) : observeSilence(error, call);
}

/**
 * Whether an interceptor inside of us has thrown the failure of a call that it made itself.
 * Outside of a request nobody remembers those.
 */
function isOfOtherCall(reason: unknown, call: PeerCall): boolean {
  const { scope } = call;
  if (scope?.failedCalls === undefined) {
    return false;
  }
  const chain = ownChainBytes(reason);
  return chain !== undefined && isOfOtherMethod(scope, call, chain);
}

/** Whether a value is what a peer has answered. */
function isAnswer(value: unknown): value is ConnectError {
  return isConnectError(value) && value.isWireError;
}

/**
 * An interceptor inside of us has put what it caught into an error of its own: that is
 * thrown as it is. What it caught may also be the failure of a call that it made itself,
 * as for a token, and then the peer has no part in it.
 */
function observeWrapped(reason: unknown, call: PeerCall): Observed | undefined {
  const { trusted } = call.peer;
  if (trusted && hasOwnChain(reason)) {
    return undefined;
  }
  const behind = allErrorsBehind(reason).filter((each) => each !== reason);
  const answer = behind.find(isAnswer);
  if (answer === undefined) {
    return trusted && behind.some(hasOwnChain) ? { error: reason, chain: undefined } : undefined;
  }
  if (trusted && seen.has(answer)) {
    return { error: reason, chain: ownChainBytes(answer) };
  }
  if (!trusted) {
    return unwrapped(ConnectError.from(reason), answer, call);
  }
  const received = receivedChain(answer);
  if (received !== undefined && !isSigned(received, call)) {
    return { error: reason, chain: undefined };
  }
  return { error: reason, chain: observeAnswer(answer, call).chain };
}

/**
 * What wraps the answer of an untrusted peer may have copied what that claims, at any
 * depth, and may be frozen. So this is a copy with a chain of ours and without a cause.
 */
function unwrapped(wrapper: ConnectError, answer: ConnectError, call: PeerCall): ObservedError {
  const { rawMessage, code, metadata } = wrapper;
  const error = new ConnectError(rawMessage, code, metadata);
  error.details.push(...otherDetailsOf(wrapper));
  limitDelay(error);
  const said = saidBy(answer, receivedChain(answer), false);
  return withChain(error, chainOfSaid(answer, said, call));
}

/** connect-web throws what fetch() throws, inside of a transport; outside, what it made of that. */
function normalize(reason: unknown): ConnectError {
  if (isNetworkError(reason)) {
    return ConnectError.from(reason, Code.Unavailable);
  }
  const error = ConnectError.from(reason);
  return !error.isWireError && isNetworkError(error.cause)
    ? new ConnectError(error.rawMessage, Code.Unavailable, error.metadata, [], error.cause)
    : error;
}

type ObservedError = Observed & { readonly error: ConnectError };

/** The peer answered: with a chain, with one that it cannot have written, or without one. */
function observeAnswer(error: ConnectError, call: PeerCall): ObservedError {
  const received = receivedChain(error);
  if (received === undefined || !call.peer.trusted) {
    const said = saidBy(error, received, call.peer.trusted);
    if (!call.peer.trusted) {
      limitDelay(error);
    }
    return withChain(error, chainOfSaid(error, said, call));
  }
  if (isSigned(received, call)) {
    return received.isRepaired
      ? withChain(error, received.bytes) // so that nobody has to mend it again
      : { error, chain: received.bytes };
  }
  // The peer does not use this library and passed on what it got from another one.
  const status = error.code as number;
  const cause = { code: BuiltinError.DOWNSTREAM, failure: error, status } as const;
  return withChain(error, observedChain(call, cause, error.rawMessage, [received.bytes]));
}

/** The chain for an answer without one, or with one that is not believed. */
function chainOfSaid(error: ConnectError, said: SaidCause, call: PeerCall): Uint8Array {
  const isUnknown = error.code === Code.Unimplemented;
  const code = isUnknown ? BuiltinError.UNIMPLEMENTED : BuiltinError.UNCLASSIFIED;
  const status = error.code as number;
  return observedChain(call, { code, failure: error, status, said }, error.rawMessage);
}

/** What a peer says whose chain is missing, or not believed. */
function saidBy(
  error: ConnectError,
  claimed: ReceivedChain | undefined,
  trusted: boolean,
): SaidCause {
  const said = googleRpcCause(error.details);
  if (trusted) {
    return { message: error.rawMessage, ...said };
  }
  const { privateArgs, delay = said.delay } = claimed ? claimOf(claimed) : {};
  return {
    message: error.rawMessage,
    privateArgs: { ...said.args, ...said.privateArgs, ...privateArgs },
    ...(delay && { delay: cappedDelay(delay) }),
  };
}

/** The error was made on this side. Its text may name hosts and ports, so it stays private. */
function observeSilence(error: ConnectError, call: PeerCall): ObservedError {
  if (hasOwnChain(error) && call.peer.trusted) {
    return { error, chain: undefined }; // somebody else on this side has raised it
  }
  const [code, status] = seenAs(error);
  const cause = { code, failure: error, status, privateArgs: { error: privateText(error) } };
  const { rawMessage, metadata } = error;
  // A copy, since several calls of a connection may share an error that was made
  // on this side, and its status may be wrong.
  const observed = new ConnectError(rawMessage, status as number, metadata, [], error);
  observed.details.push(...error.details);
  return withChain(observed, observedChain(call, cause, rawMessage));
}

function withChain(error: ConnectError, chain: Uint8Array): ObservedError {
  error.details = [...otherDetailsOf(error), chainDetail(chain)]; // of a chain, no readable one stays
  seen.add(error);
  return { error, chain };
}
