import type { ErrorChain } from "../../gen/errchain/v1/error_chain_pb.js";
import type { CauseInit } from "../catalog/cause-init.js";
import { isConnectError } from "../chain/thrown.js";
import { truncateUtf8 } from "../chain/utf8.js";

/** A thrown object as classifiers look at it: none of its properties can be relied on. */
export type Thrown = Readonly<Record<string, unknown>>;

/**
 * Makes a classifier of a function that recognises the errors of one driver. Drivers
 * are told by the shape of their errors, not by their classes: no driver is
 * imported, and its version does not matter.
 *
 * A ConnectError is the answer of a peer or of the application, never a failure
 * below RPC. Where reading a property throws, the value is not recognised.
 */
export function createClassifier<Named extends CauseInit | ErrorChain = CauseInit>(
  recognise: (error: Thrown) => NoInfer<Named> | undefined,
): (reason: unknown) => Named | undefined {
  return (reason) => {
    if (typeof reason !== "object" || reason === null || isConnectError(reason)) {
      return undefined;
    }
    try {
      return recognise(reason as Thrown);
    } catch {
      return undefined;
    }
  };
}

/** Whether a value is an object whose properties can be looked at. */
export function isThrown(value: unknown): value is Thrown {
  return typeof value === "object" && value !== null;
}

/** Those of the given values that are there, as private args: short, and well-formed. */
export function privateArgsOf(values: Thrown): Record<string, string> {
  const args: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if ((typeof value === "string" && value !== "") || typeof value === "number") {
      args[name] = truncateUtf8(String(value).toWellFormed(), MAX_ARG_BYTES);
    }
  }
  return args;
}

/** As much as the text of the error gets. */
const MAX_ARG_BYTES = 256;

/**
 * A name of a driver (`QueueDoesNotExist`, `KafkaJSSASLAuthentication`) in the form
 * of a code: `QUEUE_DOES_NOT_EXIST`. Undefined where that gives no code.
 */
export function codeFromName(name: unknown): string | undefined {
  if (typeof name !== "string") {
    return undefined;
  }
  const code = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toUpperCase()
    .slice(0, 63);
  // One of digits only could mean something else in a chain.
  return /^[A-Z]/.test(code) ? code : undefined;
}
