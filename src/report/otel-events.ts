import * as otel from "@opentelemetry/api";
import { fullCode } from "../chain/full-code.js";
import { rootOfChain } from "../chain/root-cause.js";
import { textOf } from "../chain/thrown.js";
import { causeMaps } from "./cause-maps.js";
import type { ErrorReport, ErrorSink } from "./error-report.js";
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
  SCOPE_NAME,
  statusName,
} from "./rpc-conventions.js";
import { rootAttributes } from "./rpc-span.js";

/** What is needed of OpenTelemetry's LoggerProvider, of whatever version. */
export interface EventLoggerProvider {
  getLogger(name: string): { emit(record: EventRecord): void };
}

/** What is written of OpenTelemetry's LogRecord. */
export interface EventRecord {
  eventName?: string;
  timestamp?: otel.TimeInput;
  severityNumber?: number;
  severityText?: string;
  body?: unknown;
  attributes?: { [key: string]: unknown };
  context?: otel.Context;
}

/** Options of otelEvents(). */
export interface OtelEventsOptions {
  /**
   * Where the events go. SDK 2 needs it: `logs.getLoggerProvider()` of
   * `@opentelemetry/api-logs`. Default: the global provider of `@opentelemetry/api`,
   * which SDK 3 sets.
   */
  readonly loggerProvider?: EventLoggerProvider;
}

/**
 * A sink that writes each failed request as an event of OpenTelemetry, with the whole
 * chain in the attribute `errchain.causes`: `rpc.server.call.exception`, or
 * `rpc.client.call.exception` where a client tells. Its severity is ERROR where the
 * fault began, and WARN at the hops above, so that one incident is one error.
 *
 * Without a `loggerProvider` it needs `@opentelemetry/api` 1.10 or later. With an
 * older one it says so on the console and does nothing: a service does not have to
 * stop because its events go nowhere.
 */
export function otelEvents({ loggerProvider }: OtelEventsOptions = {}): ErrorSink {
  const provider = loggerProvider ?? globalProvider();
  if (provider === undefined) {
    console.warn(
      "errchain: otelEvents() writes nothing. The Logs API is part of @opentelemetry/api from 1.10 on, " +
        "and this process has an older one. Update it, or pass the provider of your SDK: " +
        'otelEvents({ loggerProvider: logs.getLoggerProvider() }) with "logs" from @opentelemetry/api-logs.',
    );
    return () => {};
  }
  if (typeof provider.getLogger !== "function") {
    throw new TypeError("loggerProvider must be a LoggerProvider of OpenTelemetry");
  }
  const logger = provider.getLogger(SCOPE_NAME);
  return (report) => logger.emit(eventOf(report));
}

/** Before 1.10 the module has no `logs`, and an import by that name would not even load. */
function globalProvider(): EventLoggerProvider | undefined {
  const api: { readonly logs?: { getLoggerProvider(): EventLoggerProvider } } = otel;
  return api.logs && { getLogger: (name) => otel.logs.getLogger(name) };
}

const ERROR = { severityNumber: 17, severityText: "ERROR" };
const WARN = { severityNumber: 13, severityText: "WARN" };

function eventOf(report: ErrorReport): EventRecord {
  const { kind, cause, chain, procedure, rpcSystem, status, problems } = report;
  return {
    eventName: `rpc.${kind}.call.exception`,
    timestamp: new Date(),
    ...(report.beganHere ? ERROR : WARN),
    body: cause.message,
    attributes: {
      [ATTR_ERROR_TYPE]: fullCode(cause),
      [ATTR_RPC_SYSTEM_NAME]: rpcSystem,
      [ATTR_RPC_METHOD]: procedure,
      [ATTR_RPC_STATUS_CODE]: statusName(status, rpcSystem),
      ...rootAttributes(rootOfChain(chain) ?? cause),
      "errchain.causes": causeMaps(chain),
      ...(problems.length > 0 && { "errchain.problems": problems.map(textOf) }),
    },
    context: contextOf(report),
  };
}

/** The event belongs to the span of the hop, which need not be the active one any more. */
function contextOf({ traceId, spanId, traceFlags }: ErrorReport): otel.Context {
  const active = otel.context.active();
  const spanContext = { traceId, spanId, traceFlags };
  return otel.isSpanContextValid(spanContext)
    ? otel.trace.setSpanContext(active, spanContext)
    : active;
}
