// Sets up OpenTelemetry's SDK 2 in a process, before anything else is loaded.

import { register, registerHooks } from "node:module";
import { logs } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { HOP_NAME, HTTP_INSTRUMENTATION, OTLP_URL, provideSdk } from "../hop-sdk.ts";

// Where errchain is installed beside SDK 2, it finds that one's API.
registerHooks({
  resolve: (specifier, context, nextResolve) =>
    nextResolve(
      specifier,
      specifier === "@opentelemetry/api" ? { ...context, parentURL: import.meta.url } : context,
    ),
});

const resource = resourceFromAttributes({ "service.name": HOP_NAME });

const tracerProvider = new NodeTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_URL}/v1/traces` }))],
});
tracerProvider.register();

const loggerProvider = new LoggerProvider({
  resource,
  processors: [
    new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${OTLP_URL}/v1/logs` }) }),
  ],
});
logs.setGlobalLoggerProvider(loggerProvider);

if (HTTP_INSTRUMENTATION !== "") {
  register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);
  registerInstrumentations({
    instrumentations: [
      new HttpInstrumentation({
        ignoreOutgoingRequestHook: ({ path }) => path?.startsWith("/v1/") === true,
      }),
    ],
  });
}

provideSdk({
  loggerProvider: logs.getLoggerProvider(),
  async shutdown() {
    await Promise.all([tracerProvider.shutdown(), loggerProvider.shutdown()]);
  },
});
