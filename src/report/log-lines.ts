import { fullCode } from "../chain/full-code.js";
import { formatLogLine } from "../chain/log-line.js";
import type { ErrorSink } from "./error-report.js";

/** Where lines go: `process.stdout`, a file stream, anything with a `write`. */
export interface LineWriter {
  write(text: string): unknown;
}

/**
 * A sink that writes one line for each failed request, about this hop's own
 * cause: `traceId|fullCode|message`.
 */
export function logLines(stream: LineWriter): ErrorSink {
  return ({ traceId, cause }) => {
    const line = formatLogLine({ traceId, fullCode: fullCode(cause), message: cause.message });
    stream.write(`${line}\n`);
  };
}
