import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type Cause, type ErrorChain, Provenance, Status } from "errchain/proto";
import type { HubProcess } from "../support/hub-process.ts";

/** What a caller tells the hub about a call that failed: an event with the chain in it. */
export interface CallEvent {
  readonly traceId: string;
  readonly chain: ErrorChain;
  /** When the caller received it. */
  readonly at: Date;
}

/** Sends events as OTLP/JSON, many in one request. */
export async function sendChains(
  { httpUrl, headers }: Pick<HubProcess, "httpUrl" | "headers">,
  events: readonly CallEvent[],
): Promise<void> {
  const logRecords = events.map(({ traceId, chain, at }) => ({
    traceId,
    timeUnixNano: `${at.getTime()}000000`,
    eventName: "rpc.client.call.exception",
    body: { stringValue: chain.causes[0]?.message ?? "" },
    attributes: [
      {
        key: "errchain.causes",
        value: { stringValue: JSON.stringify(chain.causes.map(plain)) },
      },
    ],
  }));
  await post(httpUrl, headers, logRecords);
}

/** Sends log lines as OTLP/JSON, as a collector does that reads files. */
export async function sendLines(
  { httpUrl, headers }: Pick<HubProcess, "httpUrl" | "headers">,
  lines: readonly string[],
): Promise<void> {
  await post(
    httpUrl,
    headers,
    lines.map((line) => ({ body: { stringValue: line } })),
  );
}

async function post(httpUrl: string, headers: object, logRecords: readonly object[]) {
  const response = await fetch(`${httpUrl}/v1/logs`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
  });
  const answer = await response.text();
  if (!response.ok || answer.includes("rejected")) {
    throw new Error(`the hub answered ${response.status}: ${answer}`);
  }
}

/** A cause as the attribute `errchain.causes` has it. */
function plain(cause: Cause): object {
  const { system, module, code, reason, message, procedure, branches, elided, inferred } = cause;
  return {
    ...{ system, module, code, reason, message, procedure, branches, elided, inferred },
    provenance: Provenance[cause.provenance],
    status: Status[cause.status],
    span_id: Buffer.from(cause.spanId).toString("hex"),
    ...(cause.occurredAt && { occurred_at: timestampDate(cause.occurredAt).toISOString() }),
  };
}
