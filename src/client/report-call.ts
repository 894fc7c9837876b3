import { create } from "@bufbuild/protobuf";
import { Code, type StreamResponse } from "@connectrpc/connect";
import { CauseSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { toHex } from "../chain/hex.js";
import { readChain } from "../chain/read.js";
import { isConnectError } from "../chain/thrown.js";
import { tellSinks } from "../report/error-report.js";
import { type RpcSystem, rpcSystemOf } from "../report/rpc-conventions.js";
import { safely } from "../report/safely.js";
import type { CallEnd } from "../scope/failed-calls.js";
import { type CheckedPeer, calledProcedure, type PeerCall, traceOfCall } from "./call.js";
import { chainOfEnd, endOfCall, statusOfEnd } from "./end.js";
import type { Observed } from "./observe.js";

/**
 * Tells the span of a failed call, and the sinks, how it failed. The sinks are told only
 * where no request will tell of it, and not where the caller itself ended the call.
 */
export function reportCall(
  call: PeerCall,
  { error, chain: bytes }: Observed,
  end: CallEnd | undefined,
  reason: unknown,
): void {
  const { span, scope, peer, startedAtMs } = call;
  if (bytes === undefined) {
    span?.giveUp(reason);
    return;
  }
  const status = isConnectError(error) ? error.code : Code.Unknown;
  span?.fail(systemOf(call, reason), { status, readChain: () => readChain(bytes) });
  if (scope?.request !== undefined || end?.by === "handler") {
    return;
  }
  tellSinks(peer.onError, () => {
    const chain = readChain(bytes);
    const trace = traceOfCall(call);
    return {
      kind: "client",
      procedure: calledProcedure(call),
      rpcSystem: systemOf(call, reason),
      cause: chain.causes[0] ?? create(CauseSchema),
      readChain: () => chain,
      status,
      durationMs: performance.now() - startedAtMs,
      traceId: trace?.traceId ?? toHex(chain.traceId),
      spanId: trace?.spanId ?? "",
      traceFlags: Number.parseInt(trace?.flags ?? "0", 16),
      reason,
      truncated: [],
      problems: [],
    };
  });
}

/**
 * Ends the span of a stream with its signal: before connect-es 2.3, a reader who has
 * left the stream before its end tells nobody else. Gives a function to call when the
 * stream has ended.
 */
export function endSpanOnSignal(call: PeerCall, signal: AbortSignal | undefined): () => void {
  const onAbort = () => {
    const end = endOfCall(call, signal?.reason, signal);
    if (end !== undefined) {
      endSpan(call, end);
    }
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return () => signal?.removeEventListener("abort", onAbort);
}

/** Ends the span of a stream that its reader has left before its end. */
export function endSpanAsLeft(call: PeerCall, res: Pick<StreamResponse, "header">): void {
  noteProtocol(call, res);
  endSpan(call, { how: "canceled", by: "handler", reason: undefined });
}

function endSpan(call: PeerCall, end: CallEnd): void {
  call.span?.fail(systemOf(call, undefined), {
    status: statusOfEnd(end),
    readChain: () => readChain(chainOfEnd(end, call)),
  });
}

/** Transports that gRPC has come from. Each speaks one protocol, but does not say which. */
const speakGrpc = new WeakSet<CheckedPeer>();

/**
 * Remembers the protocol of a success, for those calls of its transport that get no
 * answer. An error may be that of another call, which an interceptor has made.
 */
export function noteProtocol({ peer }: PeerCall, { header }: { readonly header: Headers }): void {
  const isAsked = peer.spans || peer.onError.length > 0;
  if (isAsked && safely(() => rpcSystemOf(header.get("content-type"))) === "grpc") {
    speakGrpc.add(peer);
  }
}

/** The protocol of a failed call: an interceptor knows it before, a transport by the answers. */
function systemOf({ requestHeader, peer }: PeerCall, reason: unknown): RpcSystem {
  if (speakGrpc.has(peer)) {
    return "grpc";
  }
  const answered = isConnectError(reason) ? reason.metadata.get("content-type") : null;
  return rpcSystemOf(requestHeader.get("content-type") ?? answered);
}
