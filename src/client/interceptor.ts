import type { Interceptor } from "@connectrpc/connect";
import { checkPeer, type PeerOptions, startCall } from "./call.js";
import { callFailed, callSucceeded, followStream } from "./follow.js";

/** Options of createClientInterceptor(). */
export interface ClientInterceptorOptions extends PeerOptions {}

/**
 * Creates the interceptor for clients. It gives the error of a failed call a
 * chain: that of the peer, or, where the peer sent none or is silent, one cause
 * that names the peer and says what was seen. Within a request that a server
 * interceptor handles it also sends the trace context on, and remembers the
 * failure for an error that does not name its cause.
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
  return (next) => async (req) => {
    if (req.stream) {
      const call = startCall(req.method, undefined, req.header, peer, true);
      return followStream(call, req.message, req.signal, async (message) => {
        const res = await next({ ...req, message });
        return res as typeof res & { stream: true };
      });
    }
    const call = startCall(req.method, req.message, req.header, peer, true);
    try {
      const res = await next(req);
      callSucceeded(call);
      return res;
    } catch (reason) {
      throw callFailed(call, reason, req.signal);
    }
  };
}
