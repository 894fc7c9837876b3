import type { DescMethod } from "@bufbuild/protobuf";
import {
  type Attributes,
  type Context,
  context,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { Status } from "../../gen/errchain/v1/error_chain_pb.js";
import { procedureOf } from "../catalog/component.js";
import { isConnectError } from "../chain/thrown.js";
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  endAttributes,
  type RpcSystem,
  rpcSystemOf,
  SCOPE_NAME,
} from "../report/rpc-conventions.js";
import { isNewSpan, markFailed, type SpanFailure } from "../report/rpc-span.js";
import { safely } from "../report/safely.js";
import { activeSpan } from "../scope/active-span.js";
import { type RequestScope, recordedSpanOf } from "../scope/request-scope.js";

/** Our own span of a call. Once it has ended, nothing can be said of it any more. */
export interface ClientSpan {
  /** The context in which the call is made: spans that begin there are below this one. */
  readonly context: Context;
  readonly succeed: (system: RpcSystem) => void;
  readonly fail: (system: RpcSystem, failure: SpanFailure) => void;
  /** The call failed for a reason that the peer has no part in. */
  readonly giveUp: (reason: unknown) => void;
}

/** Begins the span of a call. Without an SDK there is none. See startCall(). */
export function startClientSpan(
  method: DescMethod,
  requestHeader: Headers,
  url: string | undefined,
  scope: RequestScope | undefined,
): ClientSpan | undefined {
  const procedure = procedureOf(method);
  const parent = parentContext(scope);
  const attributes = {
    [ATTR_RPC_SYSTEM_NAME]: rpcSystemOf(requestHeader.get("content-type")),
    [ATTR_RPC_METHOD]: procedure,
    ...serverAttributes(url),
  };
  const span = trace
    .getTracer(SCOPE_NAME)
    .startSpan(procedure, { kind: SpanKind.CLIENT, attributes }, parent);
  if (!isNewSpan(span.spanContext(), trace.getSpanContext(parent))) {
    return undefined;
  }
  let hasEnded = false;
  const end = (describe: () => void) => {
    if (!hasEnded) {
      hasEnded = true;
      safely(describe);
      safely(() => span.end());
    }
  };
  return {
    context: trace.setSpan(parent, span),
    succeed: (system) => end(() => span.setAttributes(endAttributes(system, undefined))),
    fail: (system, failure) =>
      end(() => {
        span.setAttributes(endAttributes(system, failure.status));
        markFailed(span, "client", failure);
      }),
    giveUp: (reason) =>
      end(() => {
        span.setAttribute(ATTR_ERROR_TYPE, nameOf(reason));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }),
  };
}

function nameOf(reason: unknown): string {
  if (isConnectError(reason)) {
    return Status[reason.code] ?? "_OTHER";
  }
  return reason instanceof Error ? reason.name : "_OTHER";
}

/** The context whose span is the parent: the active one, or that of the request. */
function parentContext(scope: RequestScope | undefined): Context {
  const active = context.active();
  return scope === undefined || activeSpan() !== undefined
    ? active
    : trace.setSpanContext(active, recordedSpanOf(scope));
}

/** Where the call goes, as far as the URL says it; in browsers it may be relative. */
function serverAttributes(url: string | undefined): Attributes {
  if (url === undefined || !URL.canParse(url)) {
    return {};
  }
  const { hostname, port, protocol } = new URL(url);
  return {
    [ATTR_SERVER_ADDRESS]: hostname.replace(/^\[(.*)\]$/, "$1"), // of IPv6
    [ATTR_SERVER_PORT]: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
}
