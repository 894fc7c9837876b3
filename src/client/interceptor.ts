import type { Interceptor } from "@connectrpc/connect";
import { context, propagation, type TextMapSetter } from "@opentelemetry/api";
import { checkComponent, componentOf, procedureOf } from "../catalog/component.js";
import { currentScope, type RequestScope } from "../scope/request-scope.js";
import { sendTrace, TRACEPARENT } from "../scope/trace-context.js";
import { wrapStream } from "../scope/wrap-stream.js";
import { observe } from "./observe.js";

/** Options of createClientInterceptor(). */
export interface ClientInterceptorOptions {
  /**
   * Who is called, for the entry that names the peer when it is silent. Default:
   * the `(errchain.v1.component)` option of the service; without one, the last part
   * of the proto package in upper case (`acme.promise.v1` gives `PROMISE`).
   */
  readonly peer?: { readonly system: string; readonly module?: string };
}

/**
 * Creates the interceptor for clients. It gives the error of a failed call a
 * chain: that of the peer, or, where the peer sent none or is silent, one cause
 * that names the peer and says what was seen. Within a request that a server
 * interceptor handles it also sends the trace context on.
 *
 * List it last, so that it is the innermost one and takes no failure of another
 * interceptor for one of the peer. A call that its caller cancels has no chain:
 * connect-es throws the signal's reason then.
 *
 * Throws a TypeError if `peer` is malformed.
 */
export function createClientInterceptor(options: ClientInterceptorOptions = {}): Interceptor {
  const configured = options.peer && checkComponent(options.peer);
  return (next) => async (req) => {
    const scope = currentScope();
    if (scope !== undefined) {
      sendTraceOf(scope, req.header);
    }
    const observeFailure = (reason: unknown) =>
      observe(reason, {
        peer: configured ?? componentOf(req.service),
        procedure: procedureOf(req.method),
        signal: req.signal,
        scope,
      });
    if (!req.stream) {
      try {
        return await next(req);
      } catch (reason) {
        throw observeFailure(reason);
      }
    }
    // What our own request stream throws comes back as the error of the call,
    // and is no failure of the peer.
    let ownError: { reason: unknown } | undefined;
    const message = wrapStream(req.message, {
      mapError(reason) {
        ownError = { reason };
        return reason;
      },
    });
    const mapError = (reason: unknown) => (ownError ? reason : observeFailure(reason));
    try {
      const res = await next({ ...req, message });
      return res.stream ? { ...res, message: wrapStream(res.message, { mapError }) } : res;
    } catch (reason) {
      throw mapError(reason);
    }
  };
}

/** Makes the callee continue the trace, unless somebody has seen to it already. */
function sendTraceOf(scope: RequestScope, header: Headers): void {
  if (!header.has(TRACEPARENT)) {
    propagation.inject(context.active(), header, headerSetter);
  }
  if (!header.has(TRACEPARENT)) {
    sendTrace(scope.trace, header);
  }
}

const headerSetter: TextMapSetter<Headers> = {
  set(header, key, value) {
    header.set(key, value);
  },
};
