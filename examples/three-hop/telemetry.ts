// Sends errors to a hub, where the demo runs one.

import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { type ErrorSink, otelEvents } from "errchain/report";

const { HUB_URL, HUB_TOKEN, OTEL_SERVICE_NAME } = process.env;

/** One sink if there is a hub, else none. */
export const telemetry: readonly ErrorSink[] = HUB_URL === undefined ? [] : [eventsTo(HUB_URL)];

function eventsTo(hubUrl: string): ErrorSink {
  const exporter = new OTLPLogExporter({
    url: `${hubUrl}/v1/logs`,
    headers: { authorization: `Bearer ${HUB_TOKEN}` },
  });
  const processor = new BatchLogRecordProcessor({ exporter, scheduledDelayMillis: 100 });
  const resource = resourceFromAttributes({ "service.name": OTEL_SERVICE_NAME });
  return otelEvents({ loggerProvider: new LoggerProvider({ resource, processors: [processor] }) });
}
