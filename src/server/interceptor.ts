import type { Interceptor } from "@connectrpc/connect";
import { checkComponent, componentOf } from "../catalog/component.js";
import { DEFAULT_MAX_BYTES } from "../chain/limits.js";
import type { ErrorSink } from "../report/error-report.js";
import { beginScope } from "../scope/request-scope.js";
import { wrapStream } from "../scope/wrap-stream.js";
import { answer } from "./answer.js";
import { scopeStorage } from "./scope-storage.js";

/** Options of createServerInterceptor(). */
export interface ServerInterceptorOptions {
  /**
   * Which system answers, for errors that nobody declared. Default: the
   * `(errchain.v1.component)` option of the service; without one, the last part of
   * the proto package in upper case (`acme.promise.v1` gives `PROMISE`).
   */
  readonly system?: string;
  /** Which part of `system` answers; needs `system`. Default: none. */
  readonly module?: string;
  /**
   * How many bytes the encoded chain may take. Values above 5500 count as 5500:
   * C-core peers (Python, C++, …) drop larger answers at random. Behind a long
   * message it is less. The least is 256, where a cause of this hop and the root
   * cause still fit. Default: 4096.
   */
  readonly maxBytes?: number;
  /**
   * Who is told of failed requests, once for each that this interceptor answers.
   * What a sink throws is ignored.
   * Default: nobody.
   */
  readonly onError?: readonly ErrorSink[];
}

/** Room for two bare causes and a trace ID. */
const LEAST_MAX_BYTES = 256;

/**
 * Creates the interceptor for servers. It answers a failed request with a chain:
 * this hop's own cause in front of what it followed from.
 *
 * List it first, so that it is the outermost one and sees what the others throw.
 * Interceptors that are set for one service replace those of the router. What
 * connect-es refuses before it calls any interceptor (an unknown path, a unary
 * body that does not parse or is too large) is answered without a chain, and
 * named by the caller's interceptor.
 *
 * Throws a TypeError or RangeError if an option is malformed.
 */
export function createServerInterceptor(options: ServerInterceptorOptions = {}): Interceptor {
  const { maxBytes = DEFAULT_MAX_BYTES, onError = [] } = options;
  if (!(maxBytes >= LEAST_MAX_BYTES)) {
    throw new RangeError(`maxBytes must be ${LEAST_MAX_BYTES} bytes or more, not ${maxBytes}`);
  }
  if (!Array.isArray(onError) || onError.some((sink) => typeof sink !== "function")) {
    throw new TypeError(
      "onError must be an array of functions, such as [logLines(process.stdout)]",
    );
  }
  const { system, module } = options;
  const configured =
    system === undefined && module === undefined ? undefined : checkComponent(options);
  const storage = scopeStorage();
  return (next) => async (req) => {
    const scope = beginScope(req.header);
    const run = <R>(step: () => R): R => storage.run(scope, step);
    const component = configured ?? componentOf(req.service);
    const mapError = (reason: unknown) =>
      answer(reason, { req, scope, component, maxBytes, onError });
    try {
      const res = await run(() => next(req));
      // The handler of a stream runs while its messages are read.
      return res.stream ? { ...res, message: wrapStream(res.message, { run, mapError }) } : res;
    } catch (reason) {
      throw mapError(reason);
    }
  };
}
