import {
  Code,
  ConnectError,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { PREVIOUS_ATTEMPTS } from "../../scope/previous-attempts.js";

/** What the rest of the interceptors, and then the transport, do with a request. */
export type Next = (req: UnaryRequest) => Promise<UnaryResponse | StreamResponse>;

export interface Attempt {
  /** How long it may take; undefined where it is not to be ended by us. */
  readonly timeoutMs: number | undefined;
  /** What the peer is told of how long its caller waits; undefined to leave what stands there. */
  readonly advertisedMs: number | undefined;
  /** What the peer is told of earlier attempts; 0 for nothing. */
  readonly previousAttempts: number;
}

/** What came of an attempt. */
export type Answer = { readonly response: Awaited<ReturnType<Next>> } | { readonly error: unknown };

/**
 * Makes one attempt, with a signal and headers of its own. When it is over, neither a
 * timer nor a listener is left, and what it still holds open is closed.
 */
export async function makeAttempt(
  next: Next,
  req: UnaryRequest,
  { timeoutMs, advertisedMs, previousAttempts }: Attempt,
): Promise<Answer> {
  // What the transport and inner interceptors write into it is for this attempt only.
  const header = new Headers(req.header);
  if (advertisedMs !== undefined) {
    advertiseTimeout(header, advertisedMs);
  }
  if (previousAttempts > 0) {
    header.set(PREVIOUS_ATTEMPTS, String(previousAttempts));
  }
  const controller = new AbortController();
  const { signal } = controller;
  const onAbort = () => controller.abort(req.signal.reason);
  req.signal.addEventListener("abort", onAbort);
  if (req.signal.aborted) {
    onAbort();
  }
  let timedOut: ConnectError | undefined;
  const onTimeout = () => {
    timedOut = new ConnectError("the attempt timed out", Code.DeadlineExceeded);
    controller.abort(timedOut);
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
  try {
    return { response: await next({ ...req, header, signal }) };
  } catch (reason) {
    // As connect-es does for the deadline of a call: fetch() loses the signal's reason.
    return { error: timedOut !== undefined && signal.reason === timedOut ? timedOut : reason };
  } finally {
    clearTimeout(timer);
    req.signal.removeEventListener("abort", onAbort);
    controller.abort(OVER);
  }
}

/** Made once: without a reason of its own, each abort would make an error with a stack. */
const OVER = new ConnectError("the attempt is over", Code.Canceled);

/** Tells the peer how long its caller waits, in the header of the protocol. */
function advertiseTimeout(header: Headers, timeoutMs: number): void {
  const isGrpc = header.get("content-type")?.startsWith("application/grpc");
  const wholeMs = Math.min(Math.max(1, Math.floor(timeoutMs)), 99_999_999); // 8 digits in gRPC
  if (isGrpc) {
    header.set("grpc-timeout", `${wholeMs}m`);
  } else {
    header.set("connect-timeout-ms", String(wholeMs));
  }
}

/** Waits; ends at once when the signal is aborted. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) {
      done();
    }
  });
}
