// What a careful user would write without any library.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Interceptor } from "@connectrpc/connect";
import { hexDigits } from "./ids.ts";

interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: string;
}

const storage = new AsyncLocalStorage<Trace>();

/** Continues the trace of the request, and remembers it while the request is handled. */
export const continueTrace: Interceptor = (next) => (req) => {
  const header = req.header.get("traceparent") ?? "";
  const match = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(header);
  const [, traceId = hexDigits(32), flags = "01"] = match ?? [];
  return storage.run({ traceId, spanId: hexDigits(16), flags }, next, req);
};

/** Sends the trace of the request on, for whose handling the call is made. */
export const sendTrace: Interceptor = (next) => (req) => {
  const trace = storage.getStore();
  if (trace !== undefined) {
    const { traceId, spanId, flags } = trace;
    req.header.set("traceparent", `00-${traceId}-${spanId}-${flags}`);
  }
  return next(req);
};

const anyStorage = new AsyncLocalStorage<object>();

/** Remembers something while the request is handled, and no more. */
export const onlyStorage: Interceptor = (next) => (req) => anyStorage.run({}, next, req);

/** Sends a header with a new value with each call, and no more. */
export const onlyHeader: Interceptor = (next) => (req) => {
  req.header.set("traceparent", `00-${hexDigits(32)}-${hexDigits(16)}-01`);
  return next(req);
};

export const noop: Interceptor = (next) => (req) => next(req);
