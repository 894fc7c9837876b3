import { escapeControls } from "../chain/escape.js";
import { fullCode } from "../chain/full-code.js";
import { formatLogLine } from "../chain/log-line.js";
import { textOf } from "../chain/thrown.js";
import { truncateUtf8 } from "../chain/utf8.js";
import type { ErrorSink } from "./error-report.js";

/** Where lines go: `process.stdout`, a file stream, anything with a `write`. */
export interface LineWriter {
  write(text: string): unknown;
  /** How many bytes wait to be written, as Node.js streams tell. Default: it is not known. */
  readonly writableLength?: number;
  /** Takes a listener, as Node.js streams do. Default: errors are not heard of. */
  on?(event: "error", listener: (...args: unknown[]) => void): unknown;
}

/** Beyond so many waiting bytes lines are dropped: whoever reads them has stopped. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/** Several sinks may write to one stream, and Node.js warns where it has many listeners. */
const listened = new WeakSet<LineWriter>();

/** So many different problems are told of: a text may name what is new in each request. */
const MAX_PROBLEMS = 20;

/**
 * A sink that writes one line for each failed request, about the nearest cause, which
 * on a server is the hop's own: `traceId|fullCode|message`.
 *
 * A stream that breaks harms nothing: its errors are ignored, as those of `console`
 * are. If it takes no more, lines are dropped beyond 16 MiB, and a line `# …` says how
 * many, once it does again. What was thrown while an answer was made, as by a rule's
 * `args`, is told in a line `# …` too, once. Throws a TypeError without a stream.
 */
export function logLines(stream: LineWriter): ErrorSink {
  if (typeof stream?.write !== "function") {
    throw new TypeError("logLines() needs something to write to, such as process.stdout");
  }
  if (!listened.has(stream)) {
    listened.add(stream);
    stream.on?.("error", () => {});
  }
  let dropped = 0;
  const told = new Set<string>();
  return ({ traceId, cause, problems }) => {
    if ((stream.writableLength ?? 0) > MAX_WAITING_BYTES) {
      dropped++;
      return;
    }
    if (dropped > 0) {
      stream.write(`# ${dropped} lines were dropped, because the stream took no more\n`);
      dropped = 0;
    }
    const line = formatLogLine({ traceId, fullCode: fullCode(cause), message: cause.message });
    stream.write(`${line}\n`);
    for (const text of problems.map(textOf)) {
      if (!told.has(text) && told.size < MAX_PROBLEMS) {
        told.add(text);
        stream.write(`# ${fullCode(cause)} was answered without what failed: ${oneLine(text)}\n`);
      }
    }
  };
}

/** Without what would make it a line of its own for readers. */
function oneLine(text: string): string {
  return truncateUtf8(escapeControls(text), 512).replaceAll("|", "/");
}
