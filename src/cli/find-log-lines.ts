import { type LogLine, parseLogLine } from "../chain/log-line.js";

/** Finds the log lines in a text, each alone or within what people and loggers put around it. */
export function findLogLines(text: string): LogLine[] {
  // formatLogLine() writes no escape character, so these are colours.
  return text.replaceAll(COLOURS, "").split("\n").flatMap(linesIn);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what this is about
const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g;

function linesIn(line: string): LogLine[] {
  const codeAt = line.search(/\|[A-Z][A-Z0-9]{0,31}_[A-Z0-9_]{1,96}\|/);
  if (codeAt < 0) {
    return [];
  }
  const json = stringAround(line, codeAt);
  if (json !== undefined) {
    return findLogLines(json);
  }
  const front = line.slice(Math.max(0, codeAt - MAX_TRACE_ID_CHARS), codeAt);
  const [, opening = "", traceId = ""] = /([`'“‘«*]*)([^\s|"{}`“‘«*]*)$/.exec(front) ?? [];
  const found = parseLogLine(traceId + withoutClosing(line.slice(codeAt), opening));
  return found === undefined ? [] : [found];
}

/** More than any trace ID has. What stands in front of it may be long. */
const MAX_TRACE_ID_CHARS = 256;

/** What a JSON string says within which a place of a line is; undefined if it is in none. */
function stringAround(line: string, at: number): string | undefined {
  const from = Math.max(0, at - MAX_STRING_CHARS);
  for (const { 0: json, index } of line.slice(from, at + MAX_STRING_CHARS).matchAll(JSON_STRING)) {
    if (from + index > at) {
      break;
    }
    if (from + index + json.length > at) {
      return parsedString(json);
    }
  }
  return undefined;
}

const MAX_STRING_CHARS = 100_000;

/** As a value of JSON and of logfmt: a quote in the middle of a sentence begins none. */
const JSON_STRING = /(?<=^|[\s:=,[({])"(?:[^"\\]|\\.)*"(?=$|[\s,}\])])/g;

function parsedString(json: string): string | undefined {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A text without what closes the quotation that an opening mark has begun in front of it. */
function withoutClosing(text: string, opening: string): string {
  const mark = CLOSING[opening[0] ?? ""];
  const end = mark === undefined ? -1 : text.lastIndexOf(mark.repeat(opening.length));
  return end < 0 ? text : text.slice(0, end);
}

const CLOSING: Readonly<Record<string, string>> = {
  "`": "`",
  "'": "'",
  "“": "”",
  "‘": "’",
  "«": "»",
  "*": "*",
};
