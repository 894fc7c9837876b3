import { errorChain } from "./error-chain.js";
import { escapeChar, escapeControls } from "./escape.js";
import { fullCode } from "./full-code.js";
import { toHex } from "./hex.js";
import { textOf } from "./thrown.js";

/** What one log line says: one failed hop. */
export interface LogLine {
  /** The trace ID as hex digits, or whatever else the systems share; may be empty. */
  readonly traceId: string;
  /** `SYSTEM_MODULE_CODE`, or `SYSTEM_CODE` where there is no module. */
  readonly fullCode: string;
  /** The sentence of the hop's own cause. */
  readonly message: string;
}

/**
 * The log line of a failed hop: `traceId|fullCode|message`, without a line break
 * at the end.
 *
 * Takes the parts, or any thrown value with a chain, of which it takes the
 * nearest cause; an error without a chain gives a line with empty trace ID and
 * code. A `|` in the message stays; control characters become escapes as in
 * JSON and `\` is doubled, so that a line is one line and parseLogLine() gets
 * back exactly what went in.
 */
export function formatLogLine(lineOrError: LogLine | unknown): string {
  const line = isLogLine(lineOrError) ? lineOrError : lineOf(lineOrError);
  return `${escapeField(line.traceId)}|${escapeField(line.fullCode)}|${escapeText(line.message)}`;
}

/**
 * The parts of a log line, the inverse of formatLogLine(). A line break at the
 * end is ignored. The line is split at the first two `|` only.
 *
 * Trace IDs are opaque: the dotted numbers of older systems pass as they are.
 * Returns undefined for a text that is no such line.
 */
export function parseLogLine(line: string): LogLine | undefined {
  const match = /^([^|\r\n]*)\|([^|\r\n]*)\|([^\r\n]*)\r?\n?$/.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, traceId = "", code = "", message = ""] = match;
  return {
    traceId: unescapeText(traceId),
    fullCode: unescapeText(code),
    message: unescapeText(message),
  };
}

function isLogLine(value: unknown): value is LogLine {
  try {
    return isRecordOfLine(value);
  } catch {
    return false; // a proxy whose traps throw
  }
}

function isRecordOfLine(value: unknown): value is LogLine {
  return (
    typeof value === "object" &&
    value !== null &&
    "traceId" in value &&
    typeof value.traceId === "string" &&
    "fullCode" in value &&
    typeof value.fullCode === "string" &&
    "message" in value &&
    typeof value.message === "string"
  );
}

function lineOf(error: unknown): LogLine {
  const chain = errorChain(error);
  const cause = chain?.causes[0];
  if (chain === undefined || cause === undefined) {
    return { traceId: "", fullCode: "", message: textOf(error) };
  }
  return { traceId: toHex(chain.traceId), fullCode: fullCode(cause), message: cause.message };
}

function escapeText(text: string): string {
  return PLAIN.test(text) ? text : escapeControls(text.replaceAll("\\", "\\\\"));
}

/** Most lines are of such characters only, and then are as they are. */
const PLAIN = /^[ -[\]-~]*$/;

function escapeField(text: string): string {
  return escapeText(text).replaceAll("|", escapeChar);
}

const UNESCAPED: Record<string, string> = { n: "\n", r: "\r", t: "\t", "\\": "\\" };

function unescapeText(text: string): string {
  return text.replace(/\\(?:u([0-9a-f]{4})|([nrt\\]))/g, (_, hex?: string, short = "") =>
    hex === undefined ? (UNESCAPED[short] ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
