// Anything can be thrown: errors, strings, undefined, proxies whose every trap
// throws. What is read of such a value is read here.

import { ConnectError } from "@connectrpc/connect";
import { truncateUtf8 } from "./utf8.js";

/** Whether a thrown value is a ConnectError, of whatever copy of connect-es. Never throws. */
export function isConnectError(value: unknown): value is ConnectError {
  try {
    return value instanceof ConnectError;
  } catch {
    return false;
  }
}

const NO_ERRORS: unknown[] = [];

/** What an error names as its cause. Never throws. */
export function causeOf(error: unknown): unknown {
  try {
    return isObject(error) ? (error as { readonly cause?: unknown }).cause : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The errors of an AggregateError or a SuppressedError, see itemsOf(); none of any other
 * value. Never throws.
 */
export function errorsOf(error: unknown): unknown[] {
  const errors = readErrors(error);
  if (isList(errors) && (isAggregate(error) || readProperty(error, "name") === "AggregateError")) {
    return itemsOf(errors);
  }
  // What `using` throws where a block and then its clean-up fail: the block's error comes first.
  return readProperty(error, "name") === "SuppressedError"
    ? [readProperty(error, "suppressed"), readProperty(error, "error")]
    : NO_ERRORS;
}

function isAggregate(error: unknown): boolean {
  try {
    return error instanceof AggregateError;
  } catch {
    return false;
  }
}

/** Whether a value is an array. Never throws, as Array.isArray() does for a revoked proxy. */
export function isList(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** What is in an array, up to MAX_ITEMS. Never throws, as reading a proxied one may. */
export function itemsOf(list: readonly unknown[]): unknown[] {
  const items: unknown[] = [];
  try {
    for (let index = 0; index < list.length && index < MAX_ITEMS; index++) {
      items.push(list[index]);
    }
  } catch {
    // What came before is what can be read.
  }
  return items;
}

const MAX_ITEMS = 256;

/**
 * A thrown value as text, `TypeError: x is not a function`, without a stack; of an object
 * that is no error, its message. Never throws.
 */
export function textOf(error: unknown): string {
  try {
    const text = String(error);
    return text === "[object Object]" ? readText(error, "message") || text : text;
  } catch {
    return "a value that cannot be shown";
  }
}

/**
 * The code of a Node.js system error (`ECONNREFUSED`), from the value itself or
 * what it names as its causes. Never throws.
 */
export function systemErrorCode(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 4; depth++) {
    const code = readProperty(current, "code");
    if (typeof code === "string") {
      return code;
    }
    current = causeOf(current);
  }
  return undefined;
}

/** Whether a value is what fetch(), timers and streams throw when a signal is aborted. Never throws. */
export function isAbortError(error: unknown): boolean {
  const name = readProperty(error, "name");
  return name === "AbortError" || name === "TimeoutError";
}

/** Whether a value is what AbortSignal.timeout() aborts with. Never throws. */
export function isTimeoutError(error: unknown): boolean {
  return readProperty(error, "name") === "TimeoutError";
}

/**
 * Whether a value is a promise, which a function that should answer at once gives
 * where somebody made it async. A rejection of it is taken care of.
 */
export function isThenable(value: unknown): boolean {
  if (typeof readProperty(value, "then") !== "function") {
    return false;
  }
  Promise.resolve(value).catch(() => {});
  return true;
}

/** A property of a thrown value, if it is text; else an empty one. Never throws. */
export function readText(value: unknown, key: string): string {
  const text = readProperty(value, key);
  return typeof text === "string" ? text : "";
}

// Of every error that fails a request, `cause` and `errors` are read. By name each has
// an access of its own in V8, which is many times as fast as one for all names.
function readErrors(value: unknown): unknown {
  try {
    return isObject(value) ? (value as { readonly errors?: unknown }).errors : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function readProperty(value: unknown, key: string): unknown {
  try {
    return isObject(value) ? Reflect.get(value, key) : undefined;
  } catch {
    return undefined;
  }
}

/** A thrown value as text for `private_args`, short enough to travel. */
export function privateText(error: unknown): string {
  return truncateUtf8(textOf(error), 256);
}
