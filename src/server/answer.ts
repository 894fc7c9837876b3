import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { type Component, procedureOf } from "../catalog/component.js";
import { composeChain } from "../chain/compose.js";
import { chainDetail, errorChain } from "../chain/error-chain.js";
import { fromHex } from "../chain/hex.js";
import { chainBudget } from "../chain/limits.js";
import { isConnectError } from "../chain/thrown.js";
import type { ErrorReport, ErrorSink } from "../report/error-report.js";
import type { RequestScope } from "../scope/request-scope.js";
import { classify, sendableStatus } from "./classify.js";
import { localize } from "./localize.js";
import { makeSendable } from "./sendable.js";

/** A request that failed, and how its hop answers. */
export interface AnswerContext {
  readonly req: UnaryRequest | StreamRequest;
  readonly scope: RequestScope;
  /** Whose handler failed. */
  readonly component: Component;
  readonly maxBytes: number;
  readonly onError: readonly ErrorSink[];
}

/**
 * What a hop throws instead of what its handler threw. Never throws itself: where
 * something unforeseen fails in here, the answer is the bare status.
 */
export function answer(reason: unknown, context: AnswerContext): ConnectError {
  try {
    return composeAnswer(reason, context);
  } catch {
    const status = isConnectError(reason) ? sendableStatus(reason.code) : Code.Internal;
    return new ConnectError("internal error", status);
  }
}

function composeAnswer(reason: unknown, context: AnswerContext): ConnectError {
  const { req, scope, component } = context;
  const { signal, header } = req;
  const failure = classify(reason, { component, signal, header, scope });
  const { own, below, details, metadata } = failure;
  const { traceId, spanId } = scope.trace;
  own.procedure = procedureOf(req.method);
  own.spanId = fromHex(spanId);
  const budget = chainBudget(context.maxBytes, failure.message);
  const composed = composeChain(own, below, fromHex(traceId), budget);
  const { message, chain } = localize(
    { message: failure.message, chain: composed },
    header,
    context.maxBytes,
  );
  const sendable = makeSendable({ message, details, metadata }, chain.length, isGrpc(req));
  const error = new ConnectError(
    sendable.message,
    own.status as number,
    sendable.metadata,
    undefined,
    reason,
  );
  error.details.push(...sendable.details);
  if (chain.length > 0) {
    error.details.push(chainDetail(chain));
  }
  report(context.onError, {
    cause: own,
    // Read only where a sink asks for it.
    get chain() {
      return errorChain(error) ?? create(ErrorChainSchema, { causes: [own] });
    },
    traceId,
    reason,
    truncated: sendable.truncated,
  });
  return error;
}

/** gRPC proper, whose errors travel in HTTP trailers; gRPC-Web sends them in the body. */
function isGrpc(req: UnaryRequest | StreamRequest): boolean {
  const contentType = req.header.get("content-type") ?? "";
  return (
    contentType.startsWith("application/grpc") && !contentType.startsWith("application/grpc-web")
  );
}

/** Tells the sinks. What they throw or reject with harms nothing. */
function report(sinks: readonly ErrorSink[], errorReport: ErrorReport): void {
  for (const sink of sinks) {
    try {
      Promise.resolve(sink(errorReport)).catch(() => {});
    } catch {
      // Nobody is left to be told.
    }
  }
}
