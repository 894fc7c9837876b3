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

/** What an error names as its cause. Never throws. */
export function causeOf(error: unknown): unknown {
  return readProperty(error, "cause");
}

/** The errors of an AggregateError; none of any other value. Never throws. */
export function errorsOf(error: unknown): unknown[] {
  const errors = readProperty(error, "errors");
  return Array.isArray(errors) && readProperty(error, "name") === "AggregateError" ? errors : [];
}

/** A thrown value as text, `TypeError: x is not a function`, without a stack. Never throws. */
export function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "a value that cannot be shown";
  }
}

function readProperty(value: unknown, key: string): unknown {
  try {
    return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  } catch {
    return undefined;
  }
}

/** A thrown value as text for `private_args`, short enough to travel. */
export function privateText(error: unknown): string {
  return truncateUtf8(textOf(error), 256);
}
