/**
 * One record as it came in: what a log line or an event says about one failed
 * hop, and what the chain in an event says about the hops below it. Empty fields
 * are left out.
 */
export interface HopRecord {
  /** Normalised, see normalTraceId(). */
  readonly traceId: string;
  /** `client`: the event of a caller whose call failed. The others are of the hop itself. */
  readonly kind: "line" | "server" | "client";
  /** The full code of the nearest cause. */
  readonly fullCode: string;
  readonly message: string;
  /** When the hop failed, in microseconds since 1970. Left out where the record does not say. */
  readonly timeUs?: number;
  /** When the record was read for the first time, in microseconds since 1970. */
  readonly observedUs: number;
  /** 16 hex digits: of the hop, or of the caller for a client's event. */
  readonly spanId?: string;
  /** 16 hex digits: of the hop that called this one. */
  readonly parentSpanId?: string;
  /** The `rpc.method` of an event: `route.v1.RouteService/FindRange`. */
  readonly procedure?: string;
  /** The `service.name` of the process that wrote the event. */
  readonly service?: string;
  /** The file that the line was in. */
  readonly file?: string;
  /** The chain of an event, depth first: the first is the nearest. */
  readonly causes?: readonly ReportedCause[];
}

/** A cause in the chain of an event, as `errchain.v1.Cause` defines it. */
export interface ReportedCause {
  readonly system: string;
  readonly module?: string;
  readonly code: string;
  readonly reason?: string;
  readonly message: string;
  /** `FAILED_PRECONDITION` */
  readonly status?: string;
  readonly provenance?: "RAISED" | "FILLED_IN" | "OBSERVED";
  readonly procedure?: string;
  /** 16 hex digits. */
  readonly spanId?: string;
  /** Microseconds since 1970. */
  readonly timeUs?: number;
  /** How many direct causes follow. Default: 0. */
  readonly branches?: number;
  /** How many causes were left out directly below this one. Default: 0. */
  readonly elided?: number;
  /** Default: false. */
  readonly inferred?: boolean;
}
