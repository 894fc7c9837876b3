/**
 * Whether the trace ID of a line says that there is none: it is empty, or what
 * loggers print where no span is active, which many lines share that have nothing
 * to do with each other.
 */
export function isNoTraceId(traceId: string): boolean {
  return /^(?:[0-]*|null|undefined|none)$/i.test(traceId);
}
