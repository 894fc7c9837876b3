import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { type Cause, ErrorChainSchema, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { builtinCause } from "../catalog/builtin.js";
import { procedureOf } from "../catalog/component.js";
import { isRaisedAlone } from "../catalog/raised.js";
import { addAttempts, retryHistory } from "../chain/attempts.js";
import { composeChain } from "../chain/compose.js";
import { chainDetail } from "../chain/error-chain.js";
import { fromHex } from "../chain/hex.js";
import { chainBudget } from "../chain/limits.js";
import { readChain } from "../chain/read.js";
import { sendableStatus } from "../chain/status.js";
import { isConnectError, isThenable, textOf } from "../chain/thrown.js";
import { withoutStack } from "../chain/without-stack.js";
import { type ErrorSink, type ReportFacts, tellSinks } from "../report/error-report.js";
import { rpcSystemOf } from "../report/rpc-conventions.js";
import { markFailed } from "../report/rpc-span.js";
import { safely } from "../report/safely.js";
import { type GivenUpCalls, traceOf } from "../scope/request-scope.js";
import { type Answer, type ClassifyOptions, classify } from "./classify.js";
import { atEdge, type EdgeOptions, type Outgoing } from "./edge.js";
import type { FailedRequest } from "./ended.js";
import { type Exposure, isExposure } from "./expose.js";
import { googleDetails } from "./google-details.js";
import { localize, wantedLanguages } from "./localize.js";
import { addPushback, retryFactsBehind } from "./pushback.js";
import { type RelayOptions, relayDownstream } from "./relay.js";
import { type Carrier, makeSendable, type Sendable } from "./sendable.js";

/** What the options of a server interceptor come to. */
export interface AnswerOptions extends ClassifyOptions, RelayOptions, EdgeOptions {
  readonly exposure: Exposure | ((request: UnaryRequest | StreamRequest) => Exposure);
  readonly onError: readonly ErrorSink[];
}

/**
 * What a hop throws instead of what its handler threw; a promise of it where somebody
 * else than another hop of ours may read it. Neither throws nor rejects: where
 * something unforeseen fails in here, the answer is the bare status.
 */
export function answer(
  reason: unknown,
  request: FailedRequest,
  options: AnswerOptions,
): ConnectError | Promise<ConnectError> {
  const bareStatus = (problem: unknown) => answerBarely(reason, request, options, problem);
  try {
    const composed = composeAnswer(reason, request, options);
    return isConnectError(composed) ? composed : composed.catch(bareStatus);
  } catch (problem) {
    return bareStatus(problem);
  }
}

function answerBarely(
  reason: unknown,
  request: FailedRequest,
  options: AnswerOptions,
  problem: unknown,
): ConnectError {
  const status = isConnectError(reason) ? sendableStatus(reason.code) : Code.Internal;
  const { component } = request;
  const cause = builtinCause(BuiltinError.UNCLASSIFIED, {
    component,
    provenance: Provenance.FILLED_IN,
    status: status as number,
  });
  const chain = create(ErrorChainSchema, { causes: [cause] });
  tell(request, options, cause, {
    readChain: () => chain,
    reason,
    truncated: [],
    problems: [problem],
  });
  return new ConnectError("internal error", status);
}

function composeAnswer(
  reason: unknown,
  request: FailedRequest,
  options: AnswerOptions,
): ConnectError | Promise<ConnectError> {
  const { req, scope } = request;
  const { maxBytes } = options;
  const problems: unknown[] = [];
  const onProblem = (problem: unknown) => problems.push(problem);

  const classified = classify(reason, request, options, onProblem);
  const answered =
    classified.kind === "answer"
      ? classified
      : relayDownstream(reason, classified, request, options, onProblem);
  const { own, below, named, details, metadata } = answered;
  const trace = traceOf(scope);
  const { traceId } = trace;
  // Of calls that the handler does not name as its cause, only the scope knows.
  const unnamed = named ? undefined : scope.givenUp;
  addAttempts(own, retryHistory(reason)?.attempts ?? unnamed?.attempts ?? 0);
  own.procedure = procedureOf(req.method);
  own.spanId = fromHex(trace.spanId);
  const exposure = exposureOf(req, options.exposure, onProblem);
  const isEdge = exposure !== "internal" || options.googleDetails;
  const forOthers = isEdge ? [] : googleDetails(own, details, 0, false);
  const localized = localizeAll(answered, wantedLanguages(req.header));
  // At the edge another message may leave, and the chain is bounded there.
  const budget = isEdge ? UNBOUNDED : chainBudget(maxBytes, localized.message, forOthers);
  const inside: Outgoing = {
    message: localized.message,
    chain: composeChain(localized.own, localized.below, traceId, budget),
    details: forOthers.length > 0 ? [...details, ...forOthers] : details,
    metadata,
  };
  const composed: Composed = {
    reason,
    answered,
    unnamed,
    // What is only true of this request must not get into an error that somebody may
    // throw again: calls that failed, the caller's languages, and what is hidden from him.
    isOfThisRequest:
      isEdge || (!named && below.length > 0) || unnamed !== undefined || localized !== answered,
    traceId,
    problems,
  };
  return isEdge
    ? atEdge(inside, exposure, options, onProblem).then((outgoing) =>
        finish(outgoing, composed, request, options),
      )
    : finish(inside, composed, request, options);
}

/** What is known of an answer before it is made for its caller. */
interface Composed {
  readonly reason: unknown;
  readonly answered: Answer;
  /** Calls that failed, where no cause was named. */
  readonly unnamed: GivenUpCalls | undefined;
  readonly isOfThisRequest: boolean;
  readonly traceId: string;
  readonly problems: readonly unknown[];
}

/** Makes the error that is thrown, and tells of it. */
function finish(
  { message, chain, details, metadata }: Outgoing,
  { reason, answered, unnamed, isOfThisRequest, traceId, problems }: Composed,
  request: FailedRequest,
  options: AnswerOptions,
): ConnectError {
  const { own, below } = answered;
  const status = own.status as number;
  const facts = retryFactsBehind(reason, answered, unnamed);
  const sendable = makeSendable(
    { message, details, metadata: addPushback(metadata, status, facts) },
    chain.length,
    () => carrierOf(request.req),
  );
  const { error: made = reason } = answered;
  const error =
    !isOfThisRequest && canAnswer(made, sendable, status)
      ? made
      : withoutStack(
          () => new ConnectError(sendable.message, status, sendable.metadata, [], reason),
        );
  error.details =
    chain.length > 0 ? [...sendable.details, chainDetail(chain)] : [...sendable.details];
  tell(request, options, own, {
    readChain: () => {
      const budget = chainBudget(options.maxBytes, answered.message);
      return readChain(composeChain(own, below, traceId, budget));
    },
    reason,
    truncated: sendable.truncated,
    problems,
  });
  return error;
}

/**
 * Whether the error of a definition can itself be the answer, since all that it lacks is
 * the whole chain: as mostly, and to make another one takes longer than the chain.
 */
function canAnswer(
  error: unknown,
  { message, metadata }: Sendable,
  status: Code,
): error is ConnectError {
  return (
    isConnectError(error) &&
    error.rawMessage === message &&
    error.code === status &&
    metadata === undefined &&
    isRaisedAlone(error) &&
    !Object.isFrozen(error)
  );
}

const UNBOUNDED = Number.POSITIVE_INFINITY;

/** The same answer with all messages in the caller's language. */
function localizeAll(
  answer: Pick<Answer, "own" | "below" | "message">,
  languages: readonly string[],
): Pick<Answer, "own" | "below" | "message"> {
  if (languages.length === 0) {
    return answer;
  }
  const own = { ...answer.own };
  localize(own, languages);
  const below = answer.below.map((bytes) => {
    const chain = readChain(bytes);
    for (const cause of chain.causes) {
      localize(cause, languages);
    }
    return toBinary(ErrorChainSchema, chain);
  });
  const message = answer.message === answer.own.message ? own.message : answer.message;
  return { own, below, message };
}

/** What the caller of a request may see. Where that cannot be found out, it is the least. */
function exposureOf(
  req: UnaryRequest | StreamRequest,
  exposure: AnswerOptions["exposure"],
  onProblem: (problem: unknown) => void,
): Exposure {
  if (typeof exposure !== "function") {
    return exposure;
  }
  try {
    const chosen = exposure(req);
    if (isExposure(chosen)) {
      return chosen;
    }
    const what = isThenable(chosen) ? "a promise" : textOf(chosen);
    onProblem(new TypeError(`exposure gave ${what}`));
  } catch (problem) {
    onProblem(problem);
  }
  return "public";
}

function carrierOf(req: UnaryRequest | StreamRequest): Carrier {
  const contentType = req.header.get("content-type") ?? "";
  if (contentType.startsWith("application/grpc-web")) {
    return "body";
  }
  if (contentType.startsWith("application/grpc")) {
    return "trailers";
  }
  return req.stream ? "body" : "headers";
}

/** Tells the span of the request, and the sinks, how the request failed. */
function tell(
  { req, scope, span }: FailedRequest,
  { onError }: AnswerOptions,
  cause: Cause,
  facts: Pick<ReportFacts, "readChain" | "reason" | "truncated" | "problems">,
): void {
  const status = cause.status as number;
  if (span !== undefined) {
    safely(() => markFailed(span, "server", { status, readChain: facts.readChain }));
  }
  tellSinks(onError, () => {
    const { traceId, spanId, flags } = traceOf(scope);
    return {
      kind: "server",
      procedure: procedureOf(req.method),
      rpcSystem: rpcSystemOf(req.header.get("content-type")),
      cause,
      status,
      durationMs: performance.now() - scope.startedAtMs,
      traceId,
      spanId,
      traceFlags: Number.parseInt(flags, 16),
      ...facts,
    };
  });
}
