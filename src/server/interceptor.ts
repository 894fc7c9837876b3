import {
  Code,
  type ConnectError,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import type { Classifier } from "../catalog/cause-init.js";
import { checkComponent, componentOf } from "../catalog/component.js";
import { DEFAULT_MAX_BYTES } from "../chain/limits.js";
import { isConnectError } from "../chain/thrown.js";
import { checkSinks, type ErrorSink } from "../report/error-report.js";
import { safely } from "../report/safely.js";
import { isServerSpan } from "../scope/active-span.js";
import { endOf } from "../scope/deadline.js";
import { forgetFailures } from "../scope/failed-calls.js";
import { beginScope, endScope, type RequestScope } from "../scope/request-scope.js";
import { wrapStream } from "../scope/wrap-stream.js";
import type { SealingKey } from "../sealing/sealing-key.js";
import { type AnswerOptions, answer } from "./answer.js";
import { type Exposure, isExposure } from "./expose.js";
import type { RelayPolicy } from "./relay.js";
import { scopeStorage } from "./scope-storage.js";
import { type ServerSpan, startServerSpan } from "./server-span.js";
import { checkRules, type TranslationRule } from "./translate.js";

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
   * What this hop answers where a downstream call has failed and the handler throws
   * its error: the definition of the first rule that matches. Default: none.
   */
  readonly translate?: readonly TranslationRule[];
  /**
   * Names failures that are no errors of a call: of a database, a queue, a file
   * system. They become causes of their own below this hop's. There are ready-made
   * ones in `errchain/classify/…`; of several the first that knows decides.
   * Default: none.
   */
  readonly classify?: Classifier | readonly Classifier[];
  /**
   * Whether an error that names no cause follows from the calls that failed while
   * the request was handled. The chain marks such a cause as `inferred`. Default:
   * `true`.
   */
  readonly inferCauses?: boolean;
  /** The status where no rule matches. Default: `"safe"`. */
  readonly relay?: RelayPolicy;
  /**
   * What callers see. Set it to `"public"`, or to a function of the request, on
   * every endpoint that others than your own systems can reach. A function that
   * throws means `"public"`. Default: `"internal"`.
   */
  readonly exposure?: Exposure | ((request: UnaryRequest | StreamRequest) => Exposure);
  /**
   * Type names of details (`google.rpc.BadRequest`) that callers outside see too,
   * where the application attaches them. Default: none.
   */
  readonly exposeDetails?: readonly string[];
  /**
   * Names of headers and trailers that callers outside see too, where the
   * application attaches them to an error. Default: none.
   */
  readonly exposeMetadata?: readonly string[];
  /**
   * A key, from sealingKey(), under which callers outside get what they may not see,
   * for support staff to open with openSealed() or `errchain open`. Default: what
   * they may not see is not sent.
   */
  readonly sealing?: SealingKey;
  /**
   * Whether to send `google.rpc.ErrorInfo` beside the chain, for clients that know
   * nothing of it. (`RetryInfo` is sent wherever the nearest cause says how long to
   * wait, as far as the caller may see that.) Default: `false`.
   */
  readonly googleDetails?: boolean;
  /**
   * How many bytes the encoded chain may take. Values above 5500 count as 5500:
   * C-core peers (Python, C++, …) drop larger answers at random. Behind a long
   * message it is less. The least is 256, where a cause of this hop and the root
   * cause still fit, unless their names are of the longest. Default: 4096.
   */
  readonly maxBytes?: number;
  /**
   * Who is told of failed requests, once for each that this interceptor answers. There
   * are ready-made sinks in `errchain/report`. What a sink throws is ignored.
   * Default: nobody.
   */
  readonly onError?: readonly ErrorSink[];
  /**
   * Whether to record a span of OpenTelemetry, and the metric
   * `rpc.server.call.duration`, for each request. For services without an
   * instrumentation of their own; beside one for HTTP, the span is below that of HTTP.
   * Default: `false`.
   */
  readonly spans?: boolean;
  /**
   * Whether the trace that a caller speaks of is continued. With `false` a new trace
   * begins here, linked to the caller's where `spans` are on. Set it where others than
   * your own systems call. An HTTP instrumentation decides before us: the trace of its
   * span is kept, unless `spans` are on. Default: `true`.
   */
  readonly trustRemote?: boolean;
}

/** Room for two bare causes and a trace ID. */
const LEAST_MAX_BYTES = 256;

/**
 * Creates the interceptor for servers. It answers a failed request with a chain:
 * this hop's own cause in front of what it followed from. Callers of any kind are
 * told when to come again, or not to (`grpc-retry-pushback-ms`).
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
  const answerOptions = checkOptions(options);
  const { system, module, trustRemote = true, spans = false } = options;
  const configured =
    system === undefined && module === undefined ? undefined : checkComponent(options);
  const storage = scopeStorage();

  function end(scope: RequestScope, own: ServerSpan | undefined, status?: Code): void {
    own?.end(status);
    endScope(scope);
  }

  function answerFor(
    reason: unknown,
    req: UnaryRequest | StreamRequest,
    scope: RequestScope,
    own: ServerSpan | undefined,
  ): ConnectError | Promise<ConnectError> {
    const component = configured ?? componentOf(req.service);
    const span = own?.span ?? (scope.span && isServerSpan(scope.span) ? scope.span : undefined);
    const answered = answer(reason, { req, scope, component, span }, answerOptions);
    const send = (error: ConnectError) => {
      end(scope, own, error.code);
      return error;
    };
    return isConnectError(answered) ? send(answered) : answered.then(send);
  }

  // Functions that take what they need: a closure in the interceptor itself would put
  // what it names on the heap, for each request.

  function startSpan(req: UnaryRequest | StreamRequest): ServerSpan | undefined {
    return safely(() => startServerSpan(req, trustRemote));
  }

  function handleInSpan(
    next: Next,
    req: UnaryRequest | StreamRequest,
    scope: RequestScope,
    own: ServerSpan,
  ): ReturnType<Next> {
    return storage.run(scope, () => own.run(() => next(req)));
  }

  /** The response of a stream, whose handler runs while its messages are read. */
  function streamed(
    res: StreamResponse,
    req: UnaryRequest | StreamRequest,
    scope: RequestScope,
    own: ServerSpan | undefined,
  ): StreamResponse {
    const message = wrapStream(res.message, {
      run: (step) => storage.run(scope, own ? () => own.run(step) : step),
      onMessage: () => forgetFailures(scope),
      onEnd: () => end(scope, own, own && abandoned(scope)),
      mapError: (reason) => answerFor(reason, req, scope, own),
    });
    return { ...res, message };
  }

  // Promises by hand, since an async function takes 300 bytes more for each request, and
  // to throw takes longer than to reject.
  return (next) => (req) => {
    const own = spans ? startSpan(req) : undefined;
    const scope = beginScope(req, trustRemote, own?.span);
    const succeed = (res: UnaryResponse | StreamResponse) => {
      try {
        if (res.stream) {
          return streamed(res, req, scope, own);
        }
      } catch (reason) {
        return fail(reason); // an interceptor inside of this one has given no response
      }
      end(scope, own);
      return res;
    };
    const fail = (reason: unknown): Promise<never> => {
      const error = answerFor(reason, req, scope, own);
      return isConnectError(error) ? Promise.reject(error) : error.then(rethrow);
    };
    try {
      const handled = own ? handleInSpan(next, req, scope, own) : storage.run(scope, next, req);
      return Promise.resolve(handled).then(succeed, fail);
    } catch (reason) {
      return Promise.reject(reason).catch(fail);
    }
  };
}

function rethrow(error: unknown): never {
  throw error;
}

type Next = Parameters<Interceptor>[0];

/** The status of a stream that ended without an error, if it ended because nobody reads it any more. */
function abandoned(scope: RequestScope): Code | undefined {
  if (scope.request?.signal.aborted !== true) {
    return undefined;
  }
  return endOf(scope) === "timed out" ? Code.DeadlineExceeded : Code.Canceled;
}

function checkOptions(options: ServerInterceptorOptions): AnswerOptions {
  const { maxBytes = DEFAULT_MAX_BYTES, onError = [], relay = "safe" } = options;
  const { exposure = "internal", exposeDetails = [], exposeMetadata = [], sealing } = options;
  if (!(maxBytes >= LEAST_MAX_BYTES)) {
    throw new RangeError(`maxBytes must be ${LEAST_MAX_BYTES} bytes or more, not ${maxBytes}`);
  }
  if (typeof relay !== "function" && relay !== "safe" && relay !== "keep") {
    throw new TypeError(`relay must be "safe", "keep" or a function, not ${JSON.stringify(relay)}`);
  }
  if (typeof exposure !== "function" && !isExposure(exposure)) {
    throw new TypeError(
      `exposure must be "internal", "partner", "public" or a function, not ${JSON.stringify(exposure)}`,
    );
  }
  if (!Array.isArray(exposeDetails) || !Array.isArray(exposeMetadata)) {
    throw new TypeError("exposeDetails and exposeMetadata must be arrays of names");
  }
  const classifiers = [options.classify ?? []].flat();
  if (classifiers.some((classify) => typeof classify !== "function")) {
    throw new TypeError("classify must be a function, or an array of functions");
  }
  for (const name of exposeMetadata) {
    new Headers().get(name); // throws a TypeError that says so if this is no name of a header
  }
  if (sealing !== undefined && !(sealing?.cryptoKey instanceof Promise)) {
    throw new TypeError("sealing must be a key made by sealingKey()");
  }
  sealing?.cryptoKey.catch(() => {}); // told of with the first error that is to be sealed
  return {
    translate: checkRules(options.translate ?? []),
    classifiers,
    inferCauses: options.inferCauses !== false,
    relay,
    exposure,
    exposeDetails,
    exposeMetadata,
    sealing,
    googleDetails: options.googleDetails === true,
    maxBytes,
    onError: checkSinks(onError),
  };
}
