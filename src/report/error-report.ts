import type { Code } from "@connectrpc/connect";
import { type Cause, type ErrorChain, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { isThenable } from "../chain/thrown.js";
import type { RpcSystem } from "./rpc-conventions.js";
import { safely } from "./safely.js";

/** One failed request, as the hop that answered it saw it. */
export interface ErrorReport {
  /**
   * Who tells: `"server"` where this process answered a request, `"client"` where it
   * made a call outside of any request, such as in a scheduled job.
   */
  readonly kind: "server" | "client";
  /** The procedure that failed: `route.v1.RouteService/FindRange`. */
  readonly procedure: string;
  /** The protocol, as OpenTelemetry names it: gRPC-Web counts as `"grpc"`. */
  readonly rpcSystem: RpcSystem;
  /** The nearest cause, `chain.causes[0]`. A server's is its own. */
  readonly cause: Cause;
  /** The whole chain, also where the caller sees less of it. */
  readonly chain: ErrorChain;
  /** The RPC code of the answer. */
  readonly status: Code;
  /**
   * Whether the fault began here, as far as can be told: there is no cause below, or
   * only what was seen of a peer that is silent or knows nothing of errchain, and so
   * has not told of it. The hops above pass the failure on, and need no alarm.
   */
  readonly beganHere: boolean;
  /** How long the request took, in milliseconds. */
  readonly durationMs: number;
  /** The trace ID as 32 hex digits. A client's is empty where no one began a trace. */
  readonly traceId: string;
  /** The span ID of this hop as 16 hex digits. A client's is empty where it has none. */
  readonly spanId: string;
  /** The W3C trace flags: 1 is "sampled". */
  readonly traceFlags: number;
  /** What was thrown in this process. */
  readonly reason: unknown;
  /**
   * What could not be sent as it was: `"message"` where the error's message was
   * shortened, the type name of a detail or the name of a header that was left out.
   * Usually empty.
   */
  readonly truncated: readonly string[];
  /**
   * What was thrown while the answer was made: by functions given as options (a
   * translation rule, a classifier, `relay`, `exposure`), by sealing, or by this library
   * itself. The answer was made without it.
   */
  readonly problems: readonly unknown[];
}

/**
 * Takes the report of a failed request, before the answer is sent. Whatever it throws
 * or rejects with is ignored, and nobody waits for its promise.
 */
export type ErrorSink = (report: ErrorReport) => unknown;

/** A report, but for what is found out only where a sink asks for it. */
export interface ReportFacts extends Omit<ErrorReport, "chain" | "beganHere"> {
  readonly readChain: () => ErrorChain;
}

/** Tells the sinks. With none, nothing is even put together. */
export function tellSinks(sinks: readonly ErrorSink[], factsOf: () => ReportFacts): void {
  if (sinks.length === 0) {
    return;
  }
  const { readChain, ...facts } = factsOf();
  const report: ErrorReport = Object.defineProperties(
    { ...facts, [READ_CHAIN]: readChain },
    FOUND_OUT_WHEN_READ,
  ) as never;
  for (const sink of sinks) {
    safely(() => isThenable(sink(report))); // which takes care of a rejection
  }
}

const READ_CHAIN = Symbol("errchain.readChain");

/** The getters are the same for all reports, so that V8 gives them all one shape. */
const FOUND_OUT_WHEN_READ: PropertyDescriptorMap &
  ThisType<ErrorReport & Record<typeof READ_CHAIN, () => ErrorChain>> = {
  chain: {
    enumerable: true,
    configurable: true,
    get() {
      const value = this[READ_CHAIN]();
      // Remembered, unless a sink has frozen it: then Reflect does not throw.
      Reflect.defineProperty(this, "chain", { value, enumerable: true, configurable: true });
      return value;
    },
  },
  beganHere: {
    enumerable: true,
    get() {
      return isBeginning(this.chain, this.kind);
    },
  },
};

/** Throws a TypeError if `onError` is malformed. */
export function checkSinks(onError: readonly ErrorSink[]): readonly ErrorSink[] {
  if (!Array.isArray(onError) || onError.some((sink) => typeof sink !== "function")) {
    throw new TypeError(
      "onError must be an array of functions, such as [logLines(process.stdout)]",
    );
  }
  return onError;
}

/** Whether no other system can have told of the failure: a server's own cause comes first. */
function isBeginning({ causes }: ErrorChain, kind: ErrorReport["kind"]): boolean {
  return causes.every(
    ({ provenance, elided }, index) =>
      elided === 0 && (provenance === Provenance.OBSERVED || (index === 0 && kind === "server")),
  );
}
