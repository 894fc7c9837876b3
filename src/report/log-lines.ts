import { fullCode } from "../chain/full-code.js";
import { formatLogLine } from "../chain/log-line.js";
import type { ErrorSink } from "./error-report.js";

/** Where lines go: `process.stdout`, a file stream, anything with a `write`. */
export interface LineWriter {
  write(text: string): unknown;
}

/**
 * A sink that writes one line for each failed request, about this hop's own
 * cause: `traceId|fullCode|message`. Throws a TypeError without a stream.
 */
export function logLines(stream: LineWriter): ErrorSink {
  if (typeof stream?.write !== "function") {
    throw new TypeError("logLines() needs something to write to, such as process.stdout");
  }
  return ({ traceId, cause }) => {
    const line = formatLogLine({ traceId, fullCode: fullCode(cause), message: cause.message });
    stream.write(`${line}\n`);
  };
}
