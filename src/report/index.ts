export { type ErrorMetricsOptions, errorMetrics } from "./error-metrics.js";
export type { ErrorReport, ErrorSink } from "./error-report.js";
export { type LineWriter, logLines } from "./log-lines.js";
export {
  type EventLoggerProvider,
  type EventRecord,
  type OtelEventsOptions,
  otelEvents,
} from "./otel-events.js";
