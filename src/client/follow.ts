import { Code, ConnectError, type StreamResponse } from "@connectrpc/connect";
import { causeOf, isConnectError } from "../chain/thrown.js";
import { rpcSystemOf } from "../report/rpc-conventions.js";
import { noteChain, noteFailure, noteSuccess } from "../scope/failed-calls.js";
import { wrapStream } from "../scope/wrap-stream.js";
import { inSpan, type PeerCall } from "./call.js";
import { endOfCall, observeEnd } from "./end.js";
import { type Observed, observe } from "./observe.js";
import { endSpanAsLeft, endSpanOnSignal, noteProtocol, reportCall } from "./report-call.js";
import { withoutClaims } from "./trust.js";

/** A call succeeded. */
export function callSucceeded(call: PeerCall, res: Pick<StreamResponse, "header">): void {
  const { span, scope } = call;
  noteProtocol(call, res);
  span?.succeed(rpcSystemOf(res.header.get("content-type")));
  if (scope?.failedCalls !== undefined) {
    noteSuccess(scope, call);
  }
}

/**
 * A call failed. Returns what its caller is to be thrown.
 *
 * @param signal the signal that the call was given: aborted where the caller has
 *   cancelled it or its deadline has passed
 */
export function callFailed(
  call: PeerCall,
  reason: unknown,
  signal: AbortSignal | undefined,
): unknown {
  try {
    const { scope } = call;
    const end = endOfCall(call, reason, signal);
    const observed: Observed = end === undefined ? observe(reason, call) : observeEnd(end, call);
    const { chain } = observed;
    if (chain !== undefined) {
      noteChain(chain);
      if (scope !== undefined) {
        noteFailure(scope, call, chain, end);
      }
    }
    reportCall(call, observed, end, reason);
    return observed.error;
  } catch {
    // Frozen by somebody, or worse: the error of the call must not get lost.
    return call.peer.trusted ? reason : withoutClaims(reason);
  }
}

/**
 * Makes a call of which either side is a stream.
 *
 * @param send sends the messages and gives the response
 */
export async function followStream<I, R extends Pick<StreamResponse, "message" | "header">>(
  call: PeerCall,
  messages: AsyncIterable<I>,
  signal: AbortSignal | undefined,
  send: (messages: AsyncIterable<I>) => Promise<R>,
  onEnd: () => void = () => {},
): Promise<R> {
  // What our own request stream throws comes back as the error of the call, and is no
  // failure of the peer.
  let own: { readonly thrown: unknown } | undefined;
  let thrownIn: { readonly reason: unknown } | undefined;
  // connect-es reads a stream on after its end, from 2.3 on.
  let failure: { readonly thrown: unknown } | undefined;
  let hasEnded = false;
  const release = () => {
    stopWatching?.();
    onEnd();
  };
  const stopWatching = call.span && endSpanOnSignal(call, signal);
  const failed = (reason: unknown) => {
    failure ??= { thrown: firstFailure(reason) };
    return failure.thrown;
  };
  const firstFailure = (reason: unknown) => {
    release();
    if (own !== undefined && (reason === own.thrown || causeOf(reason) === own.thrown)) {
      call.span?.giveUp(reason);
      return isConnectError(own.thrown) ? own.thrown : reason;
    }
    return callFailed(call, reason, signal);
  };
  const sent = wrapStream(messages, {
    onMessage(message) {
      if (call.method.methodKind === "server_streaming") {
        call.request = message;
      }
    },
    onThrow(reason) {
      thrownIn = { reason };
    },
    mapError(reason, step) {
      // connect-es throws the error of the call into the stream, and a queue may give it
      // back by next().
      const isOwn = step === "next" && !(thrownIn !== undefined && thrownIn.reason === reason);
      own ??= isOwn ? { thrown: reason } : undefined;
      return reason;
    },
  });
  try {
    const res = await inSpan(call, send, sent);
    let received = 0;
    const message = wrapStream(res.message, {
      onMessage() {
        received++;
      },
      onEnd(step) {
        if (hasEnded || failure !== undefined) {
          return;
        }
        if (received !== 1 && call.method.methodKind === "client_streaming") {
          // connect-es finds that above us.
          const what = received === 0 ? "missing output message" : "extra output messages";
          throw failed(new ConnectError(`protocol error: ${what}`, Code.Internal));
        }
        hasEnded = true;
        release();
        if (step === "return") {
          endSpanAsLeft(call, res);
        }
        callSucceeded(call, res);
      },
      mapError: failed,
    });
    return { ...res, message };
  } catch (reason) {
    throw failed(reason);
  }
}
