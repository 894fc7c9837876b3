import { Code, ConnectError } from "@connectrpc/connect";
import { noTimeLeft, remainingMs } from "../scope/deadline.js";
import { cancellationOf } from "../scope/request-scope.js";
import type { PeerCall } from "./call.js";

/** How the end of a request limits the calls that are made for it. */
export interface LimitOptions {
  /**
   * Whether a call gets the rest of the deadline of the request that it is made
   * for, as long as it has none that is shorter. Default: `true`.
   */
  readonly propagateDeadline?: boolean;
  /**
   * How much less than the rest a call gets, in milliseconds, so that of all hops
   * that wait for a system that hangs the one next to it gives up first, and names
   * it. It is never more than half of the rest. Default: a twentieth of the rest,
   * at least 20 and at most 250.
   */
  readonly deadlineMarginMs?: number;
  /**
   * The timeout of calls that are given none, in milliseconds. Give it here instead
   * of to the wrapped transport: a default of that one still holds, but where it
   * is longer than the rest of the deadline, the peer is told the wrong one. For a
   * callee that sets `maxTimeoutMs`, give that: it refuses calls that tell of more
   * time, and without a timeout of their own they tell of all that is left of the
   * deadline. Default: none.
   */
  readonly defaultTimeoutMs?: number;
  /**
   * Whether a call ends when the caller of the request that it is made for goes
   * away. What goes on after the request was answered is not ended by that.
   * Default: `true`.
   */
  readonly propagateCancellation?: boolean;
}

/** What a call is given to end by. */
export interface CallLimit {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  /** To be called when the call is over: takes timers and listeners away. */
  readonly release: () => void;
}

type CallLimiter = (
  call: PeerCall,
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
) => CallLimit;

/** Throws a RangeError if a time is malformed. */
export function limitCall(options: LimitOptions): CallLimiter {
  const { propagateDeadline = true, propagateCancellation = true } = options;
  const { deadlineMarginMs, defaultTimeoutMs } = options;
  for (const [name, value] of Object.entries({ deadlineMarginMs, defaultTimeoutMs })) {
    if (value !== undefined && !(value >= 0 && value <= LONGEST_MS)) {
      throw new RangeError(
        `${name} must be 0 or a positive number of milliseconds up to ${LONGEST_MS}, not ${value}`,
      );
    }
  }
  // Protocols have whole milliseconds.
  const defaultMs = defaultTimeoutMs === undefined ? undefined : Math.ceil(defaultTimeoutMs);
  return (call, signal, givenMs) => {
    const { scope, requestHeader } = call;
    const ownMs = givenMs ?? defaultMs;
    const leftMs = propagateDeadline && scope ? remainingMs(scope) : undefined;
    const cancellation = propagateCancellation && scope ? cancellationOf(scope) : undefined;
    if (leftMs === undefined) {
      return limitBy(ownMs, signal, cancellation);
    }
    if (leftMs <= 0) {
      const reason = noTimeLeft();
      call.span?.giveUp(reason);
      throw reason;
    }
    const limitMs = shareOf(leftMs, deadlineMarginMs);
    if (ownMs !== undefined) {
      const timeoutMs = ownMs > 0 ? Math.min(ownMs, limitMs) : limitMs;
      return limitBy(timeoutMs, signal, cancellation);
    }
    // A timeout that is given overrides the default of the wrapped transport, which
    // may be shorter. So none is given, and ours runs beside it. The headers tell
    // the peer, one for each protocol; a default of the transport overwrites its own.
    requestHeader.set("connect-timeout-ms", String(limitMs));
    requestHeader.set("grpc-timeout", `${limitMs}m`);
    return { timeoutMs: undefined, ...linkSignals(signal, cancellation, limitMs) };
  };
}

/** gRPC's header has room for eight digits: a day and a few hours. */
const LONGEST_MS = 99_999_999;

/** What a call gets of the time that is left: whole milliseconds, at least one. */
function shareOf(leftMs: number, configuredMs: number | undefined): number {
  const marginMs = configuredMs ?? Math.min(Math.max(leftMs / 20, 20), 250);
  const share = Math.floor(leftMs - Math.min(marginMs, leftMs / 2));
  return Math.min(Math.max(share, 1), LONGEST_MS);
}

function limitBy(
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
  cancellation: AbortSignal | undefined,
): CallLimit {
  return signal === undefined || cancellation === undefined || signal === cancellation
    ? { timeoutMs, signal: signal ?? cancellation, release: doNothing }
    : { timeoutMs, ...linkSignals(signal, cancellation) };
}

function doNothing(): void {}

/** One signal for two, which may also be aborted by a deadline. */
function linkSignals(
  signal: AbortSignal | undefined,
  cancellation: AbortSignal | undefined,
  timeoutMs?: number,
): Pick<CallLimit, "signal" | "release"> {
  const given = [signal, cancellation].filter((each) => each !== undefined);
  const controller = new AbortController();
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          controller.abort(new ConnectError("the operation timed out", Code.DeadlineExceeded));
        }, timeoutMs);
  const release = () => {
    clearTimeout(timer);
    for (const each of given) {
      each.removeEventListener("abort", abort);
    }
  };
  function abort(this: AbortSignal): void {
    release();
    controller.abort(this.reason);
  }
  for (const each of given) {
    if (each.aborted) {
      abort.call(each);
      break;
    }
    each.addEventListener("abort", abort);
  }
  return { signal: controller.signal, release };
}
