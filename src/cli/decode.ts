import { escapeControls } from "../chain/escape.js";
import { formatErrorChain } from "../chain/format.js";
import { toHex } from "../chain/hex.js";
import { parseArguments } from "./arguments.js";
import { findChains } from "./find-chain.js";
import { findLogLines } from "./find-log-lines.js";
import { readInput } from "./read-input.js";
import { whereSearched } from "./searched-parts.js";
import { UsageError } from "./usage-error.js";

const usage = `Usage: errchain decode [TEXT]

Prints the error chain in a text as a tree. The text may be a Connect error as
JSON, a grpc-status-details-bin value, the JSON that errchain/http or Protobuf
writes, the output of curl with any of these in it, a response in base64 as a browser
copies it, or a log line, traceId|code|message. It may be wrapped, quoted or cut off on
its way. Without TEXT, reads standard input.

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
  const lines = findLogLines(text);
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
