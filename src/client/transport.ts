import type { Transport } from "@connectrpc/connect";
import { checkPeer, inSpan, type PeerOptions, startCall } from "./call.js";
import { callFailed, callSucceeded, followStream } from "./follow.js";
import { type LimitOptions, limitCall } from "./limit.js";
import { markUntrusted } from "./untrusted-call.js";

/** Options of createErrorChainTransport(). */
export interface ErrorChainTransportOptions extends PeerOptions, LimitOptions {}

/**
 * A transport of a CommonJS project. connect-es declares its types twice, and those of a
 * transport do not match: their messages have symbols of their own.
 */
type CommonJsTransport = Record<keyof Transport, (...args: never[]) => Promise<unknown>>;

/**
 * Wraps a transport, of whatever protocol, so that its calls do all that
 * createClientInterceptor() does, and what an interceptor cannot: within a request
 * that a server interceptor handles, calls get the rest of its deadline and end
 * when it is cancelled, and also calls that ended by a signal name their peer. Use
 * it in place of that interceptor.
 *
 * A transport does not say its protocol, so spans and reports learn it from the answers:
 * until a first call has succeeded, one without an answer is called `connectrpc` there,
 * over gRPC too.
 *
 * Throws a TypeError or RangeError if an option is malformed.
 */
export function createErrorChainTransport(
  transport: Transport,
  options?: ErrorChainTransportOptions,
): Transport;
export function createErrorChainTransport<T extends CommonJsTransport>(
  transport: T,
  options?: ErrorChainTransportOptions,
): Pick<T, keyof Transport>;
export function createErrorChainTransport(
  transport: Transport,
  options: ErrorChainTransportOptions = {},
): Transport {
  const peer = checkPeer(options);
  const limits = limitCall(options);
  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      const headers = new Headers(header);
      const call = startCall(method, input, headers, peer);
      const limit = limits(call, signal, timeoutMs);
      const values = peer.trusted ? contextValues : markUntrusted(contextValues);
      try {
        const { timeoutMs: limitMs } = limit;
        const res = await inSpan(call, () =>
          transport.unary(method, limit.signal, limitMs, headers, input, values),
        );
        callSucceeded(call, res);
        return res;
      } catch (reason) {
        throw callFailed(call, reason, limit.signal);
      } finally {
        limit.release();
      }
    },
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      const headers = new Headers(header);
      const call = startCall(method, undefined, headers, peer);
      const limit = limits(call, signal, timeoutMs);
      return followStream(
        call,
        input,
        limit.signal,
        (messages) =>
          transport.stream(method, limit.signal, limit.timeoutMs, headers, messages, contextValues),
        limit.release,
      );
    },
  };
}
