import type { HopRecord, ReportedCause } from "../trace/hop-record.js";
import { storableUs } from "./time.js";

const KINDS = ["line", "server", "client"] as const;
const PROVENANCES = [undefined, "RAISED", "FILLED_IN", "OBSERVED"] as const;

/**
 * A record as the text that is stored: JSON without names, since there are
 * millions of them. Trace ID and full code are stored beside it. New fields go
 * to the end.
 */
export function encodeRecord(record: HopRecord): string {
  const { kind, message, timeUs, observedUs, spanId, parentSpanId } = record;
  const { procedure, service, file, causes } = record;
  const fields = [
    KINDS.indexOf(kind),
    message,
    observedUs,
    timeUs ?? 0,
    spanId ?? 0,
    parentSpanId ?? 0,
    procedure ?? 0,
    service ?? 0,
    file ?? 0,
    causes?.map(encodeCause) ?? 0,
  ];
  return JSON.stringify(withoutEnd(fields));
}

/** The record that encodeRecord() has encoded; all that is made of its times can be stored. */
export function decodeRecord(traceId: string, fullCode: string, data: string): HopRecord {
  const [
    kind,
    message,
    observedUs,
    timeUs,
    spanId,
    parentSpanId,
    procedure,
    service,
    file,
    causes,
  ] = JSON.parse(data);
  return {
    traceId,
    kind: KINDS[kind as number] ?? "line",
    fullCode,
    message,
    observedUs: storableUs(observedUs),
    ...(timeUs ? { timeUs: storableUs(timeUs) } : {}),
    ...(spanId ? { spanId } : {}),
    ...(parentSpanId ? { parentSpanId } : {}),
    ...(procedure ? { procedure } : {}),
    ...(service ? { service } : {}),
    ...(file ? { file } : {}),
    ...(causes ? { causes: causes.map(decodeCause) } : {}),
  };
}

function encodeCause(cause: ReportedCause): unknown[] {
  return withoutEnd([
    cause.system,
    cause.module ?? 0,
    cause.code,
    cause.message,
    cause.reason ?? 0,
    cause.status ?? 0,
    PROVENANCES.indexOf(cause.provenance),
    cause.procedure ?? 0,
    cause.spanId ?? 0,
    cause.timeUs ?? 0,
    cause.branches ?? 0,
    cause.elided ?? 0,
    cause.inferred ? 1 : 0,
  ]);
}

function decodeCause(fields: never[]): ReportedCause {
  const [system, module, code, message, reason, status, provenance] = fields;
  const [procedure, spanId, timeUs, branches, elided, inferred] = fields.slice(7);
  const written = PROVENANCES[provenance ?? 0];
  return {
    system: system ?? "",
    ...(module ? { module } : {}),
    code: code ?? "",
    ...(reason ? { reason } : {}),
    message: message ?? "",
    ...(status ? { status } : {}),
    ...(written ? { provenance: written } : {}),
    ...(procedure ? { procedure } : {}),
    ...(spanId ? { spanId } : {}),
    ...(timeUs ? { timeUs: storableUs(timeUs) } : {}),
    ...(branches ? { branches } : {}),
    ...(elided ? { elided } : {}),
    ...(inferred ? { inferred: true } : {}),
  };
}

/** Leaves out the empty fields at the end. */
function withoutEnd(fields: unknown[]): unknown[] {
  let length = fields.length;
  while (length > 0 && fields[length - 1] === 0) {
    length--;
  }
  return fields.slice(0, length);
}
