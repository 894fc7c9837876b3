import { Buffer } from "node:buffer";
import { timeIn } from "../line/pick-line.js";
import { isPlausible } from "../line/plausible-time.js";
import type { ReportedCause } from "../trace/hop-record.js";
import { BadRecordError } from "./bad-record-error.js";
import { shortened } from "./shortened.js";

/** A chain has at most 32 causes; who sends more is no errchain. */
const MAX_CAUSES = 64;

/**
 * Reads the attribute `errchain.causes`: an array of maps with the fields of
 * `errchain.v1.Cause`, or the same as JSON, as some pipelines rewrite it. Throws a
 * BadRecordError.
 */
export function readCauses(value: unknown, nowUs: number): ReportedCause[] {
  const list = typeof value === "string" ? parseJson(value) : value;
  if (!Array.isArray(list)) {
    throw new BadRecordError("errchain.causes is no array of maps");
  }
  if (list.length > MAX_CAUSES) {
    throw new BadRecordError(`errchain.causes has more than ${MAX_CAUSES} entries`);
  }
  return list.map((cause, index) => readCause(cause, index, nowUs));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const PROVENANCES = ["RAISED", "FILLED_IN", "OBSERVED"] as const;

function readCause(value: unknown, index: number, nowUs: number): ReportedCause {
  const bad = (problem: string) => new BadRecordError(`errchain.causes[${index}] ${problem}`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw bad("is no map");
  }
  const fields = value as Record<string, unknown>;
  const text = (name: string) => {
    const field = fields[name] ?? "";
    if (typeof field !== "string") {
      throw bad(`has a ${name} that is no string`);
    }
    return field;
  };
  const count = (name: string) => {
    const field = fields[name] ?? 0;
    if (typeof field !== "number" || !Number.isInteger(field) || field < 0) {
      throw bad(`has a ${name} that is no count`);
    }
    return Math.min(field, 0xffffffff);
  };
  const system = text("system");
  const module = text("module");
  const code = text("code");
  if (!IDENTIFIER.test(system) || !(module === "" || IDENTIFIER.test(module))) {
    throw bad("has a system or module that is not of the form [A-Z][A-Z0-9]{0,31}");
  }
  if (!/^[A-Z0-9_]{1,63}$/.test(code)) {
    throw bad("has a code that is not of the form [A-Z0-9_]{1,63}");
  }
  const spanId = readSpanId(text("span_id"));
  if (spanId === undefined) {
    throw bad("has a span_id that is not 16 hex digits");
  }
  const reason = shortened(text("reason"), MAX_NAME);
  const status = shortened(text("status"), MAX_NAME);
  const procedure = shortened(text("procedure"), MAX_NAME);
  const provenance = PROVENANCES.find((name) => name === text("provenance"));
  const occurred = timeIn(text("occurred_at"));
  const timeUs = occurred?.timeIsLocal ? undefined : occurred?.timeUs;
  const branches = count("branches");
  const elided = count("elided");
  return {
    system,
    ...(module && { module }),
    code,
    ...(reason && { reason }),
    message: shortened(text("message")),
    ...(status && { status }),
    ...(provenance && { provenance }),
    ...(procedure && { procedure }),
    ...(spanId && { spanId }),
    ...(isPlausible(timeUs, nowUs) ? { timeUs } : {}),
    ...(branches > 0 && { branches }),
    ...(elided > 0 && { elided }),
    ...(fields["inferred"] === true && { inferred: true }),
  };
}

const IDENTIFIER = /^[A-Z][A-Z0-9]{0,31}$/;
const MAX_NAME = 256;

/** A span ID as 16 hex digits in lower case; empty for none, undefined for a bad one. */
export function readSpanId(id: string | Uint8Array): string | undefined {
  const hex = typeof id === "string" ? id.toLowerCase() : Buffer.from(id).toString("hex");
  if (hex === "" || hex === "0000000000000000") {
    return "";
  }
  return /^[0-9a-f]{16}$/.test(hex) ? hex : undefined;
}
