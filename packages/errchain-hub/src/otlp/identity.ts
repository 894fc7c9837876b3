import { hash } from "node:crypto";
import type { NewRecord } from "../store/store.js";
import type { HopRecord } from "../trace/hop-record.js";

/** What tells whether two records are one, sent twice. */
export interface IdentityInit {
  /**
   * The `log.record.uid` of OpenTelemetry: records with the same one are the same.
   * https://opentelemetry.io/docs/specs/semconv/registry/attributes/log/
   */
  readonly uid: string | undefined;
  /** Whether the record's sender said when it was observed. */
  readonly isObservedBySender: boolean;
  /** The how manieth record of its request that says exactly this. */
  readonly repetition: (content: string) => number;
}

/**
 * The record with its identity. Without a UID it is made of what the sender
 * says. A record without a trace ID gets one of its own, so that it can be found.
 */
export function identify(record: HopRecord, init: IdentityInit): NewRecord {
  const { uid } = init;
  const content = uid === undefined ? contentOf(record, init) : `uid|${uid}`;
  const digest = hash("sha256", content, "buffer");
  // 48 bits, within one trace.
  const identity = digest.readUIntBE(0, 6);
  return record.traceId === ""
    ? { record: { ...record, traceId: `no-trace-${digest.toString("hex", 6, 22)}` }, identity }
    : { record, identity };
}

function contentOf(record: HopRecord, { isObservedBySender, repetition }: IdentityInit): string {
  const { traceId, kind, fullCode, message, timeUs, observedUs, spanId, service, file } = record;
  const observed = isObservedBySender ? observedUs : "";
  const chain = record.causes?.length ?? "";
  const said = `${traceId}|${kind}|${fullCode}|${timeUs}|${observed}|${spanId}|${chain}|${service}|${file}|${message}`;
  return `${repetition(said)}|${said}`;
}
