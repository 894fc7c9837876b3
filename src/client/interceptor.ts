import type {
  Interceptor,
  StreamRequest,
  StreamResponse,
  UnaryResponse,
} from "@connectrpc/connect";
import { type CheckedPeer, checkPeer, inSpan, type PeerOptions, startCall } from "./call.js";
import { callFailed, callSucceeded, followStream } from "./follow.js";

/** Options of createClientInterceptor(). */
export interface ClientInterceptorOptions extends PeerOptions {}

/**
 * Creates the interceptor for clients. It gives the error of a failed call a
 * chain: that of the peer, or, where the peer sent none or is silent, one cause
 * that names the peer and says what was seen. It sends the trace context on, and
 * within a request that a server interceptor handles it remembers the failure for an
 * error that does not name its cause.
 *
 * List it last, so that it is the innermost one and takes no failure of another
 * interceptor for one of the peer. A call that its caller cancels has no chain:
 * connect-es throws the signal's reason then. createErrorChainTransport() can do
 * that too, and hands deadlines down.
 *
 * Throws a TypeError if an option is malformed.
 */
export function createClientInterceptor(options: ClientInterceptorOptions = {}): Interceptor {
  const peer = checkPeer(options);
  return (next) => (req) => {
    if (req.stream) {
      return startStream(next, req, peer);
    }
    const call = startCall(req.method, req.message, req.header, peer, req.url);
    // Promises by hand, for the same reasons as in the interceptor for servers.
    const succeed = (res: UnaryResponse | StreamResponse) => {
      callSucceeded(call, res);
      return res;
    };
    const fail = (reason: unknown) => Promise.reject(callFailed(call, reason, req.signal));
    try {
      return Promise.resolve(inSpan(call, next, req)).then(succeed, fail);
    } catch (reason) {
      return Promise.reject(reason).catch(fail);
    }
  };
}

type Next = Parameters<Interceptor>[0];

function startStream(next: Next, req: StreamRequest, peer: CheckedPeer): ReturnType<Next> {
  const call = startCall(req.method, undefined, req.header, peer, req.url);
  return followStream(call, req.message, req.signal, async (message) => {
    const res = await next({ ...req, message });
    return res as typeof res & { stream: true };
  });
}
