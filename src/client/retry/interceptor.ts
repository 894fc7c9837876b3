import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, type Interceptor, type UnaryRequest } from "@connectrpc/connect";
import { procedureOf } from "../../catalog/component.js";
import { noteHistory, type RetryHistory } from "../../chain/attempts.js";
import { isConnectError, isThenable } from "../../chain/thrown.js";
import { timeoutMsOf } from "../../scope/deadline.js";
import { attemptsBefore } from "../../scope/previous-attempts.js";
import { currentScope, noteGivenUp, type RequestScope } from "../../scope/request-scope.js";
import { inBrowser } from "../in-browser.js";
import { untrustedCall } from "../untrusted-call.js";
import { makeAttempt, type Next, wait } from "./attempt.js";
import { backoffMs } from "./backoff.js";
import { createBudgets, type RetryBudget } from "./budget.js";
import { readFailure } from "./failure.js";
import { finalError } from "./final-error.js";
import {
  checkRetryOptions,
  type RetryEvent,
  type RetryInterceptorOptions,
  type RetrySettings,
} from "./options.js";
import { countsForBudget, whyNoRetry } from "./policy.js";

/**
 * Creates the interceptor that repeats failed unary calls where that is safe and can
 * help, with exponential backoff and full jitter. Streams pass through.
 *
 * A call is repeated if its failure passes by itself (UNAVAILABLE; also
 * RESOURCE_EXHAUSTED and ABORTED where the peer says when to come again), and if
 * the method may be repeated: its `idempotency_level` says so, or the request never
 * reached the peer. An error code with `retry: RETRY` promises both, whatever its
 * status and its method. It is not repeated where anybody in the chain says
 * DO_NOT_RETRY, where another hop of the request has repeated a call already, where
 * the deadline leaves no time, or where the peer fails so often that its budget is
 * used up.
 *
 * The error of the last attempt is thrown; retryHistory() knows the earlier ones, also
 * where the deadline of the call has passed. After a cancellation nobody knows them:
 * connect-es throws the signal's reason then.
 *
 * List it first, before createClientInterceptor(), so that each attempt passes
 * through the others. It works with and without them, and with peers of any kind.
 *
 * Throws a TypeError or RangeError if an option is malformed.
 */
export function createRetryInterceptor(options: RetryInterceptorOptions = {}): Interceptor {
  const settings = checkRetryOptions(options);
  const budgetOf = createBudgets(settings);
  return (next) => (req) =>
    req.stream ? next(req) : callWithRetries(next, req, settings, budgetOf(peerOf(req)));
}

async function callWithRetries(
  next: Next,
  req: UnaryRequest,
  settings: RetrySettings,
  budget: RetryBudget,
): ReturnType<Next> {
  const { maxAttempts, minAttemptMs, attemptTimeoutMs } = settings;
  const procedure = procedureOf(req.method);
  const scope = currentScope();
  const attemptsAbove = scope ? attemptsBefore(scope) : 0;
  const remainingMs = countdown(timeoutMsOf(req.header) ?? NEVER);
  const earlier: unknown[] = [];
  let step = 1;
  for (let attempt = 1; ; attempt++) {
    const timeoutMs = Math.min(attemptTimeoutMs, remainingMs());
    // The deadline of the whole call is not for us to enforce.
    const isLimited = timeoutMs === attemptTimeoutMs && timeoutMs < NEVER;
    const answer = await makeAttempt(next, req, {
      timeoutMs: isLimited ? timeoutMs : undefined,
      advertisedMs: (isLimited || attempt > 1) && timeoutMs < NEVER ? timeoutMs : undefined,
      previousAttempts: mayTellPeer(req, scope) ? attemptsAbove + attempt - 1 : 0,
    });
    if ("response" in answer) {
      budget.onSuccess();
      return answer.response;
    }
    const { error } = answer;
    if (req.signal.aborted) {
      noteEnd(req.signal, { attempts: attempt, earlier, stoppedBy: "aborted" });
      throw error; // connect-es throws the signal's reason, whatever we throw
    }
    const failure = readFailure(error, procedure, isLimited, !req.contextValues.get(untrustedCall));
    if (countsForBudget(failure)) {
      budget.onFailure();
    }
    const peerDelayMs = failure.facts.delayMs;
    const delayMs = backoffMs(settings, step, peerDelayMs, Math.random());
    const why = whyNoRetry(failure, {
      attempt,
      maxAttempts,
      idempotent: isIdempotent(req),
      isRetriedAbove: attemptsAbove > 0,
      delayMs,
      minAttemptMs,
      remainingMs: remainingMs(),
      budgetAllows: budget.allowsRetry(),
    });
    if (why === undefined) {
      notify(settings, { procedure, attempt, delayMs, error });
      await wait(delayMs, req.signal);
      // A busy process wakes up late.
      if (!req.signal.aborted && remainingMs() >= minAttemptMs) {
        earlier.push(error);
        step = peerDelayMs > 0 ? 1 : step + 1; // gRFC A6: pushback begins the backoff anew
        continue;
      }
    }
    if (scope !== undefined && countsForBudget(failure)) {
      noteGivenUp(scope, { attempts: attempt, facts: failure.facts });
    }
    const stoppedBy = why ?? (req.signal.aborted ? "aborted" : "no-time");
    if (stoppedBy === "aborted") {
      noteEnd(req.signal, { attempts: attempt, earlier: [...earlier, error], stoppedBy });
    }
    throw finalError(error, { attempts: attempt, earlier, stoppedBy }, procedure);
  }
}

const NEVER = Number.POSITIVE_INFINITY;

/** How much is left of a time that begins now, by a clock that nobody sets. */
function countdown(ms: number): () => number {
  const startedAt = performance.now();
  return () => ms - (performance.now() - startedAt);
}

function isIdempotent({ method }: UnaryRequest): boolean {
  const { NO_SIDE_EFFECTS, IDEMPOTENT } = MethodOptions_IdempotencyLevel;
  return method.idempotency === NO_SIDE_EFFECTS || method.idempotency === IDEMPOTENT;
}

/** Who is called: the base URL, which may be relative in browsers. */
function peerOf({ url, service, method }: UnaryRequest): string {
  return url.slice(0, -`/${service.typeName}/${method.name}`.length);
}

/**
 * Whether the peer is told that this is not the first attempt. In a browser a header
 * that the peer's CORS policy does not list fails the call. What speaks gRPC or handles a
 * request is none, whatever it looks like.
 */
function mayTellPeer({ header }: UnaryRequest, scope: RequestScope | undefined): boolean {
  return (
    !inBrowser ||
    scope !== undefined ||
    /^application\/grpc(?!-web)/.test(header.get("content-type") ?? "")
  );
}

/** Remembers how a call was tried whose deadline has passed: that error is the call's own. */
function noteEnd({ reason }: AbortSignal, history: RetryHistory): void {
  if (isConnectError(reason) && reason.code === Code.DeadlineExceeded) {
    noteHistory(reason, history);
  }
}

function notify({ onRetry }: RetrySettings, event: RetryEvent): void {
  try {
    const result: unknown = onRetry?.(event);
    isThenable(result); // takes care of a rejection
  } catch {
    // Nobody is left to be told.
  }
}
