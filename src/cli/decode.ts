import { escapeControls } from "../chain/escape.js";
import { formatErrorChain } from "../chain/format.js";
import { toHex } from "../chain/hex.js";
import { type LogLine, parseLogLine } from "../chain/log-line.js";
import { parseArguments } from "./arguments.js";
import { findChains } from "./find-chain.js";
import { readInput } from "./read-input.js";
import { whereSearched } from "./searched-parts.js";
import { UsageError } from "./usage-error.js";

const usage = `Usage: errchain decode [TEXT]

Prints the error chain in a text as a tree. The text may be a Connect error as
JSON, a grpc-status-details-bin value, the JSON that errchain/http or Protobuf
writes, the output of curl with any of these in it, or a log line,
traceId|code|message. Without TEXT, reads standard input.

  curl -si … | errchain decode`;

const WHAT = "an error, as JSON, a header value or a log line";

/** The command `errchain decode`. Returns the exit code. */
export function decode(args: string[]): number {
  const { values, positionals } = parseArguments({
    args,
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const text = readInput(positionals, WHAT);
  const chains = findChains(text);
  for (const chain of chains) {
    console.log(formatErrorChain(chain, { style: "tree" }));
    if (chain.traceId.length > 0) {
      console.log(`\ntrace ID: ${toHex(chain.traceId)}`);
    }
    if (chain.sealed.length > 0) {
      console.log('\nThere is more, sealed: open it with "errchain open --key-file FILE".');
    }
  }
  if (chains.length > 0) {
    return 0;
  }
  const lines = text.split("\n").flatMap((line) => logLineIn(line.trim()) ?? []);
  if (lines.length === 0) {
    throw new UsageError(`there is no error chain in this${whereSearched(text)}; expected ${WHAT}`);
  }
  for (const { traceId, fullCode, message } of lines) {
    console.log(
      `${escapeControls(`${fullCode} ${message}`)}\n\ntrace ID: ${escapeControls(traceId)}`,
    );
  }
  return 0;
}

/** Finds a log line, alone or behind what a logger or a container runtime puts in front. */
function logLineIn(line: string): LogLine | undefined {
  const codeAt = line.search(/\|[A-Z][A-Z0-9]{0,31}_[A-Z0-9_]{1,96}\|/);
  if (codeAt < 0) {
    return undefined;
  }
  const front = line.slice(Math.max(0, codeAt - MAX_TRACE_ID_CHARS), codeAt);
  const [traceId = ""] = /[^\s|"{}]*$/.exec(front) ?? [];
  return parseLogLine(traceId + line.slice(codeAt));
}

/** More than any trace ID has. What stands in front of it may be long. */
const MAX_TRACE_ID_CHARS = 256;
