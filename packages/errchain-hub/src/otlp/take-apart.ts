import { Buffer } from "node:buffer";
import type { ExportLogsServiceRequest } from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import type { KeyValue } from "../../gen/opentelemetry/proto/common/v1/common_pb.js";
import type { LogRecord } from "../../gen/opentelemetry/proto/logs/v1/logs_pb.js";
import { isNoTraceId } from "../line/no-trace-id.js";
import { type LinePicker, pickLine, readPickedLine } from "../line/pick-line.js";
import { isPlausible } from "../line/plausible-time.js";
import type { NewRecord } from "../store/store.js";
import { isFullCode } from "../trace/full-code.js";
import type { HopRecord, ReportedCause } from "../trace/hop-record.js";
import { normalTraceId } from "../trace/trace-ids.js";
import { asString, plainValue, stringAttribute } from "./attributes.js";
import { BadRecordError } from "./bad-record-error.js";
import { identify } from "./identity.js";
import { holdsPickedLines } from "./picked-lines.js";
import { readCauses, readSpanId } from "./read-causes.js";
import { shortened } from "./shortened.js";

/** What a request holds. */
export interface TakenApart {
  readonly records: readonly NewRecord[];
  /** How many records tell of no failure that errchain knows. */
  readonly ignored: number;
  /** How many records are bad for good. */
  readonly rejected: number;
  /** Why, for the first of them. */
  readonly problem: string;
}

/**
 * The records of an OTLP request that tell of failed hops: events with the
 * attribute `errchain.causes`, or with an errchain code in `error.type`; and
 * bodies with a log line in them.
 */
export function takeApart(request: ExportLogsServiceRequest, nowUs: number): TakenApart {
  const records: NewRecord[] = [];
  const repetitions = new Map<string, number>();
  const repetition = (content: string) => {
    const count = repetitions.get(content) ?? 0;
    repetitions.set(content, count + 1);
    return count;
  };
  let ignored = 0;
  let rejected = 0;
  let problem = "";
  for (const { resource, scopeLogs } of request.resourceLogs) {
    const attributes = resource?.attributes ?? [];
    const service = stringAttribute(attributes, "service.name") ?? "";
    const pick = holdsPickedLines(attributes) ? readPickedLine : pickLine;
    for (const { logRecords } of scopeLogs) {
      for (const log of logRecords) {
        try {
          const record = readRecord(log, { service, pick, nowUs });
          if (record === undefined) {
            ignored++;
            continue;
          }
          const uid = stringAttribute(log.attributes, "log.record.uid");
          const isObservedBySender = log.observedTimeUnixNano > 0n;
          records.push(identify(record, { uid, isObservedBySender, repetition }));
        } catch (err) {
          if (!(err instanceof BadRecordError)) throw err;
          rejected++;
          problem ||= err.message;
        }
      }
    }
  }
  return { records, ignored, rejected, problem };
}

/** What is known of a record from around it. */
interface Origin {
  readonly service: string;
  /** How a log line is found in its body. */
  readonly pick: LinePicker;
  readonly nowUs: number;
}

function readRecord(log: LogRecord, origin: Origin): HopRecord | undefined {
  const { attributes } = log;
  const eventName = log.eventName || (stringAttribute(attributes, "event.name") ?? "");
  const chain = attributes.find(({ key }) => key === "errchain.causes")?.value;
  const type = stringAttribute(attributes, "error.type") ?? "";
  const body = asString(log.body) ?? "";
  if (chain !== undefined || (EVENTS.has(eventName) && isFullCode(type))) {
    const causes = chain === undefined ? undefined : readCauses(plainValue(chain), origin.nowUs);
    return readEvent(log, { eventName, causes, type, body }, origin);
  }
  return readLine(log, body, origin);
}

const CLIENT_EVENT = "rpc.client.call.exception";
const EVENTS = new Set(["rpc.server.call.exception", CLIENT_EVENT]);

interface Event {
  readonly eventName: string;
  readonly causes: readonly ReportedCause[] | undefined;
  readonly type: string;
  readonly body: string;
}

function readEvent(log: LogRecord, event: Event, { service, nowUs }: Origin): HopRecord {
  const { eventName, causes, type, body } = event;
  const [nearest] = causes ?? [];
  const fullCode = nearest === undefined ? type : fullCodeOf(nearest);
  if (!isFullCode(fullCode)) {
    throw new BadRecordError("errchain.causes is empty, and error.type is no full code");
  }
  return {
    traceId: readTraceId(log.traceId),
    kind: eventName === CLIENT_EVENT ? "client" : "server",
    fullCode,
    message: shortened(body || (nearest?.message ?? "")),
    ...times(log, nowUs),
    ...spans(log),
    ...text("procedure", stringAttribute(log.attributes, "rpc.method")),
    ...text("service", service),
    ...(causes !== undefined && causes.length > 0 ? { causes } : {}),
  };
}

function fullCodeOf({ system, module, code }: ReportedCause): string {
  return module === undefined ? `${system}_${code}` : `${system}_${module}_${code}`;
}

function readLine(
  log: LogRecord,
  body: string,
  { service, pick, nowUs }: Origin,
): HopRecord | undefined {
  const line = pick(body);
  if (line === undefined) {
    return undefined;
  }
  // A local time is that of the machine that wrote the line, which need not be this one.
  const timeUs = line.timeIsLocal && log.observedTimeUnixNano > 0n ? undefined : line.timeUs;
  return {
    traceId: isNoTraceId(line.traceId) ? readTraceId(log.traceId) : normalTraceId(line.traceId),
    kind: "line",
    fullCode: line.fullCode,
    message: shortened(line.message),
    ...(isPlausible(timeUs, nowUs) ? { timeUs } : {}),
    ...times(log, nowUs),
    ...spans(log),
    ...text("service", service),
    ...text("file", fileOf(log.attributes)),
  };
}

function fileOf(attributes: readonly KeyValue[]): string | undefined {
  return (
    stringAttribute(attributes, "log.file.path") ?? stringAttribute(attributes, "log.file.name")
  );
}

function text<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return value ? ({ [key]: shortened(value, 512) } as { [P in K]?: string }) : {};
}

function readTraceId(id: Uint8Array): string {
  if (id.length !== 0 && id.length !== 16) {
    throw new BadRecordError("the trace ID is not 16 bytes (in JSON: 32 hex digits)");
  }
  return id.some((byte) => byte !== 0) ? Buffer.from(id).toString("hex") : "";
}

function spans({ spanId: id, attributes }: LogRecord): { spanId?: string; parentSpanId?: string } {
  const spanId = readSpanId(id);
  if (spanId === undefined) {
    throw new BadRecordError("the span ID is not 8 bytes (in JSON: 16 hex digits)");
  }
  const parent = stringAttribute(attributes, "errchain.parent_span_id");
  const parentSpanId = parent === undefined ? "" : readSpanId(parent);
  return { ...(spanId && { spanId }), ...(parentSpanId && { parentSpanId }) };
}

function times(log: LogRecord, nowUs: number): { timeUs?: number; observedUs: number } {
  const timeUs = Number(log.timeUnixNano / 1000n);
  const observedUs = Number(log.observedTimeUnixNano / 1000n);
  return {
    observedUs: isPlausible(observedUs, nowUs) ? observedUs : nowUs,
    ...(isPlausible(timeUs, nowUs) ? { timeUs } : {}),
  };
}
