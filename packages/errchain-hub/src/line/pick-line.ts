import { type LogLine, parseLogLine } from "errchain";
import { isFullCode } from "../trace/full-code.js";
import { wellKnownIdIn, withoutGlue } from "../trace/glued-id.js";
import { MAX_TRACE_ID_LENGTH } from "../trace/trace-ids.js";

/** What is picked out of a line of output. Its time is left out where the line does not say. */
export interface PickedLine extends Partial<TextTime> {
  /** May be empty. */
  readonly traceId: string;
  readonly fullCode: string;
  readonly message: string;
}

/** A time as it stands in a text. */
export interface TextTime {
  /** Microseconds since 1970. */
  readonly timeUs: number;
  /** Whether it has no zone, and was read as one of this machine. Default: false. */
  readonly timeIsLocal?: true;
}

/** Finds the log line of a failed hop in a line of output; undefined if there is none. */
export type LinePicker = (text: string) => PickedLine | undefined;

/**
 * Picks `traceId|code|message`, alone or at the end of a line: after a logger's
 * prefix, in the form of a container runtime, in Docker's JSON. The first ISO
 * 8601 time in front of it is when the hop failed.
 *
 * The prefix may touch the trace ID: `[ID|…]`, `trace_id=ID|…`, `ERROR|ID|…`. Where
 * there is none, the line begins with its ID, as formatLogLine() writes it; then only
 * an ID that is known by its looks is taken out of what it begins with.
 */
export const pickLine: LinePicker = (text) => {
  if (text.startsWith('{"log":"')) {
    return pickDocker(text);
  }
  return pickPlain(text.replace(COLOURS, ""));
};

/** Colours of a terminal, and "clear to the end of the line", which goes with them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: formatLogLine() leaves none in a line
const COLOURS = /\u001b\[[\d;:]*[mK]/g;

function pickPlain(text: string): PickedLine | undefined {
  const found = /\|([A-Z][A-Z0-9]{0,31}_[A-Z0-9_]{1,96})\|/.exec(text);
  if (found === null) {
    return undefined;
  }
  const front = text.slice(Math.max(0, found.index - MAX_FRONT), found.index);
  const token = /[^\s|"{}]*$/.exec(front)?.[0] ?? "";
  const before = front.at(-token.length - 1) ?? "";
  const wellKnownId = wellKnownIdIn(token);
  const beginsLine = /^[\r\n]?$/.test(before);
  const traceId = wellKnownId ?? (beginsLine ? token : withoutGlue(token));
  // Where fields are separated by bars, a line is no more than a table of anything.
  const isInTable = before === "|" && wellKnownId === undefined;
  if (traceId.length > MAX_TRACE_ID_LENGTH || /["{}]/.test(before) || isInTable) {
    return undefined;
  }
  const glue = token.slice(0, token.length - traceId.length);
  const rest = withoutClosing(firstLine(text.slice(found.index)), glue);
  const line = parseLogLine(traceId + rest);
  return line && { ...line, ...timeIn(front.slice(0, front.length - traceId.length)) };
}

/** What stands in front of a line is looked at up to so many characters. */
const MAX_FRONT = 1024;

const BRACKETS: Record<string, string> = { "[": "]", "(": ")", "<": ">" };

/** A text without the end of the bracket that was opened by the glue in front of it. */
function withoutClosing(text: string, glue: string): string {
  const [opening = ""] = /[[(<](?=[^\])>]*$)/.exec(glue) ?? [];
  const closing = BRACKETS[opening];
  const trimmed = text.trimEnd();
  if (closing === undefined || !trimmed.endsWith(closing)) {
    return text;
  }
  // A message may have brackets of its own.
  const isOpen = trimmed.split(opening).length < trimmed.split(closing).length;
  return isOpen ? trimmed.slice(0, -1) : text;
}

/** Docker's log driver "json-file": https://docs.docker.com/engine/logging/drivers/json-file/ */
function pickDocker(text: string): PickedLine | undefined {
  try {
    const { log, time } = JSON.parse(text) as { log?: unknown; time?: unknown };
    const picked = typeof log === "string" ? pickLine(log) : undefined;
    const hasTime = picked?.timeUs !== undefined;
    return picked && { ...picked, ...(hasTime ? {} : timeIn(String(time))) };
  } catch {
    return undefined; // cut off, or something else
  }
}

/**
 * A picker from a pattern with the named groups `traceId`, `code` and `message`,
 * and `time` if there is one. Throws an Error that says what is wrong with it.
 */
export function pickerOf(pattern: string): LinePicker {
  let regex: RegExp;
  try {
    regex = new RegExp(pattern, "u");
  } catch (err) {
    throw new Error(`the pattern is no regular expression: ${(err as Error).message}`);
  }
  for (const group of ["traceId", "code", "message"]) {
    if (!pattern.includes(`(?<${group}>`)) {
      throw new Error(`the pattern has no group (?<${group}>…)`);
    }
  }
  return (text) => {
    const { traceId = "", code = "", message = "", time = "" } = regex.exec(text)?.groups ?? {};
    const line = { traceId: traceId.trim(), fullCode: code, message };
    return isOfFailedHop(line) ? { ...line, ...timeIn(time) } : undefined;
  };
}

/** Reads a line that was picked before, and written by formatLogLine(). */
export const readPickedLine: LinePicker = (text) => {
  const line = parseLogLine(text);
  return line && isOfFailedHop(line) ? line : undefined;
};

function isOfFailedHop({ traceId, fullCode }: LogLine): boolean {
  return isFullCode(fullCode) && traceId.length <= MAX_TRACE_ID_LENGTH;
}

function firstLine(text: string): string {
  return text.split(/[\r\n]/, 1)[0] ?? "";
}

// The zone may be `Z`, `+01`, `+0100` or `+01:00`, the last two also behind a space.
const ISO_TIME =
  /(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?(Z| ?[+-][01]\d:?[0-5]\d(?!\d)|[+-][01]\d(?!\d))?/;

/** The first ISO 8601 time in a text. */
export function timeIn(text: string): TextTime | undefined {
  const [, date, time, fraction = "", zone = ""] = ISO_TIME.exec(text) ?? [];
  const isHours = zone.length === "+01".length;
  const ms = Date.parse(`${date}T${time}${zone.trim()}${isHours ? ":00" : ""}`);
  if (Number.isNaN(ms)) {
    return undefined;
  }
  const timeUs = ms * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
  return zone === "" ? { timeUs, timeIsLocal: true } : { timeUs };
}
