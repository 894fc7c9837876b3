import { Buffer } from "node:buffer";

/** A trace ID as it is stored, see schema.ts. */
export type TraceKey = Uint8Array | string;

export function keyOf(traceId: string): TraceKey {
  return /^[0-9a-f]{32}$/.test(traceId) ? Buffer.from(traceId, "hex") : traceId;
}

export function traceIdOf(key: TraceKey): string {
  return typeof key === "string" ? key : Buffer.from(key).toString("hex");
}
