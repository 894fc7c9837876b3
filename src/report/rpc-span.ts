import type { Code } from "@connectrpc/connect";
import {
  type Attributes,
  isSpanContextValid,
  type Span,
  type SpanContext,
  SpanStatusCode,
} from "@opentelemetry/api";
import type { Cause, ErrorChain } from "../../gen/errchain/v1/error_chain_pb.js";
import { fullCode } from "../chain/full-code.js";
import { rootOfChain } from "../chain/root-cause.js";
import { ATTR_ERROR_TYPE, countsAsError } from "./rpc-conventions.js";

/** How a request or a call failed. */
export interface SpanFailure {
  readonly status: Code;
  /** Reads the chain, where somebody wants to know. */
  readonly readChain: () => ErrorChain;
}

/** Whether a span is one that was begun: without an SDK, the API gives its parent back. */
export function isNewSpan(span: SpanContext, parent: SpanContext | undefined): boolean {
  return isSpanContextValid(span) && span.spanId !== parent?.spanId;
}

/**
 * Says on a span how its request or call failed: which code it ended with, which
 * system was the root cause, and whether that counts as an error.
 */
export function markFailed(
  span: Span,
  kind: "server" | "client",
  { status, readChain }: SpanFailure,
): void {
  if (!span.isRecording()) {
    return;
  }
  const chain = readChain();
  const [nearest] = chain.causes;
  if (nearest !== undefined) {
    span.setAttribute(ATTR_ERROR_TYPE, fullCode(nearest));
    span.setAttributes(rootAttributes(rootOfChain(chain) ?? nearest));
  }
  if (countsAsError(status, kind)) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: nearest?.message ?? "" });
  }
}

/** The root cause, for spans and events to be found by. */
export function rootAttributes({ system, module, code }: Cause): Attributes {
  return {
    "errchain.root.system": system,
    ...(module === "" ? {} : { "errchain.root.module": module }),
    "errchain.root.code": code,
  };
}
