export type { ErrorReport, ErrorSink } from "./error-report.js";
export { type LineWriter, logLines } from "./log-lines.js";
