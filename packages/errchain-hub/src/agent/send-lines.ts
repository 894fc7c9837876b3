import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { formatLogLine } from "errchain";
import { ExportLogsServiceRequestSchema } from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { isPlausible } from "../line/plausible-time.js";
import { PICKED_LINES } from "../otlp/picked-lines.js";
import { pause } from "./follow-files.js";
import type { BufferedLine, LineBuffer } from "./line-buffer.js";

export interface SendLinesOptions {
  readonly buffer: LineBuffer;
  /** The hub's base URL, without a slash at its end. */
  readonly hub: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** Resolves when there may be lines to send. */
  readonly newLines: () => Promise<void>;
  readonly onProblem: (message: string) => void;
}

const BATCH = 1000;
const MIN_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;
const TIMEOUT_MS = 30_000;

const compress = promisify(gzip);

/**
 * Sends what is in the buffer until the signal is aborted. A line leaves the
 * buffer when the hub has acknowledged it; sent twice, the hub knows it by its UID.
 */
export async function sendLines(options: SendLinesOptions): Promise<void> {
  const { buffer, signal, newLines, onProblem } = options;
  let batch = BATCH;
  let delayMs = 0;
  /** Up to which ID lines are done with, and up to which they are gone from the disk. */
  let doneUpTo = 0;
  let removedUpTo = 0;
  let isDiskBroken = false;

  // Even a removal takes room on the disk. Where there is none, the lines stay for a
  // while, but are not sent again.
  const removeDone = () => {
    try {
      buffer.removeUpTo(doneUpTo);
      removedUpTo = doneUpTo;
      if (isDiskBroken) {
        onProblem("the agent's own disk can be written again");
      }
      isDiskBroken = false;
    } catch (err) {
      if (!isDiskBroken) {
        onProblem(`cannot write to the agent's own disk, will try again: ${reasonOf(err)}`);
      }
      isDiskBroken = true;
    }
  };

  while (!signal.aborted) {
    const lines = buffer.after(doneUpTo, batch);
    const last = lines.at(-1);
    if (last === undefined) {
      await newLines();
      if (removedUpTo < doneUpTo) removeDone();
      continue;
    }
    let request: Uint8Array;
    try {
      request = requestOf(lines);
    } catch (err) {
      // Waiting does not help: the line that is the reason is found by halving, and left out.
      batch = lines.length >> 1;
      if (batch === 0) {
        onProblem(`a line of ${last.path} cannot be sent and is lost: ${reasonOf(err)}`);
        doneUpTo = last.id;
        removeDone();
        batch = BATCH;
      }
      continue;
    }
    try {
      await send(request, options);
      doneUpTo = last.id;
      removeDone();
      if (delayMs > 0) {
        onProblem("the hub is back");
      }
      batch = BATCH;
      delayMs = 0;
    } catch (err) {
      if (signal.aborted) return;
      if (err instanceof SendError && err.status === 413) {
        batch = Math.max(1, batch >> 1);
      }
      if (delayMs === 0) {
        onProblem(`cannot send to ${options.hub}, will try again: ${reasonOf(err)}`);
      }
      const askedMs = err instanceof SendError ? err.retryAfterMs : 0;
      delayMs = Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, delayMs * 2, askedMs));
      // Not all agents at once when the hub comes back.
      await pause(delayMs * (0.5 + Math.random() / 2), signal);
    }
  }
}

class SendError extends Error {
  readonly status: number;
  readonly retryAfterMs: number;

  constructor(message: string, status: number, retryAfterMs: number) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

async function send(request: Uint8Array, { hub, token, signal }: SendLinesOptions): Promise<void> {
  const response = await fetch(`${hub}/v1/logs`, {
    method: "POST",
    redirect: "manual", // following it, fetch may turn the POST into a GET
    headers: {
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: await compress(request),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  await response.arrayBuffer();
  if (response.status !== 200) {
    const seconds = Number(response.headers.get("retry-after") ?? 0);
    const hint = response.status === 401 ? " (is the token right?)" : "";
    const message = `HTTP ${response.status} ${response.statusText}${hint}`;
    throw new SendError(message, response.status, Number.isFinite(seconds) ? seconds * 1000 : 0);
  }
  // A login page, for instance, acknowledges nothing.
  const type = response.headers.get("content-type") ?? "none";
  if (!/^application\/x-protobuf\s*(;|$)/i.test(type)) {
    const message = `what answers is no hub (content type ${type})`;
    throw new SendError(message, response.status, 0);
  }
}

function requestOf(lines: readonly BufferedLine[]): Uint8Array {
  const text = (key: string, value: string) => ({
    key,
    value: { value: { case: "stringValue" as const, value } },
  });
  const nowUs = Date.now() * 1000;
  // 0 stands for no time; a time that is not plausible may not even fit into the field.
  const nanos = (timeUs: number | undefined) =>
    isPlausible(timeUs, nowUs) ? BigInt(timeUs) * 1000n : 0n;
  const logRecords = lines.map(({ uid, path, observedUs, line }) => ({
    timeUnixNano: nanos(line.timeUs),
    observedTimeUnixNano: nanos(observedUs),
    body: { value: { case: "stringValue" as const, value: formatLogLine(line) } },
    attributes: [text("log.record.uid", uid), text("log.file.path", path)],
  }));
  const resource = { attributes: [PICKED_LINES] };
  const request = { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] };
  return toBinary(ExportLogsServiceRequestSchema, create(ExportLogsServiceRequestSchema, request));
}

function reasonOf(err: unknown): string {
  const { cause, message } = err as Error;
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return code ?? message;
}
