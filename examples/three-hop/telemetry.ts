// Sends errors to a hub, where the demo runs one.

import { timestampDate } from "@bufbuild/protobuf/wkt";
import { fullCode } from "errchain";
import { type Cause, Provenance, Status } from "errchain/proto";
import type { ErrorReport, ErrorSink } from "errchain/report";

const { HUB_URL, HUB_TOKEN } = process.env;

/** One sink if there is a hub, else none. */
export const telemetry: readonly ErrorSink[] = HUB_URL === undefined ? [] : [sendEvent];

/** Sends the event of a failed request with its whole chain, as OTLP in JSON. */
async function sendEvent(report: ErrorReport): Promise<void> {
  const response = await fetch(`${HUB_URL}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${HUB_TOKEN}` },
    body: JSON.stringify(requestOf(report)),
  });
  if (!response.ok) {
    console.error(`the hub answered ${response.status}`);
  }
}

function requestOf({ cause, chain, traceId }: ErrorReport): unknown {
  const event = {
    eventName: "rpc.server.call.exception",
    timeUnixNano: `${Date.now()}000000`,
    traceId,
    spanId: hex(cause.spanId),
    body: { stringValue: cause.message },
    attributes: [
      { key: "error.type", value: { stringValue: fullCode(cause) } },
      { key: "rpc.method", value: { stringValue: cause.procedure } },
      { key: "errchain.causes", value: { arrayValue: { values: chain.causes.map(mapOf) } } },
    ],
  };
  const attributes = [{ key: "service.name", value: { stringValue: cause.system.toLowerCase() } }];
  return { resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: [event] }] }] };
}

function mapOf(cause: Cause): unknown {
  const texts = {
    system: cause.system,
    module: cause.module,
    code: cause.code,
    reason: cause.reason,
    message: cause.message,
    status: Status[cause.status],
    provenance: Provenance[cause.provenance],
    procedure: cause.procedure,
    span_id: hex(cause.spanId),
    occurred_at: cause.occurredAt && timestampDate(cause.occurredAt).toISOString(),
  };
  const counts = { branches: cause.branches, elided: cause.elided };
  return {
    kvlistValue: {
      values: [
        ...Object.entries(texts)
          .filter(([, text]) => text)
          .map(([key, text]) => ({ key, value: { stringValue: text } })),
        ...Object.entries(counts).map(([key, count]) => ({
          key,
          value: { intValue: String(count) },
        })),
        { key: "inferred", value: { boolValue: cause.inferred } },
      ],
    },
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
