import { create, isMessage, toBinary } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { type ErrorChain, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { MAX_READ_CAUSES } from "./limits.js";
import { readChain } from "./read.js";
import { causeOf, errorsOf, isConnectError, isList, itemsOf } from "./thrown.js";

/** One entry of `ConnectError.details`. */
export type ErrorDetail = ConnectError["details"][number];

/**
 * The chain of causes behind an error: its own ErrorChain detail, or that of the first
 * error that it leads to, by its `cause` or as an AggregateError or array.
 *
 * Takes any thrown value, and a chain, which it returns as it is (up to 256
 * causes). Returns undefined if there is no chain. The bytes are decoded once and
 * the result is remembered, so treat it as read-only.
 */
export function errorChain(errorOrChain: unknown): ErrorChain | undefined {
  if (isChain(errorOrChain)) {
    const { causes } = errorOrChain;
    return causes.length <= MAX_READ_CAUSES
      ? errorOrChain
      : { ...errorOrChain, causes: causes.slice(0, MAX_READ_CAUSES) };
  }
  const bytes = chainBytes(errorOrChain);
  if (bytes === undefined) {
    return undefined;
  }
  let chain = decoded.get(bytes);
  if (chain === undefined) {
    chain = readChain(bytes);
    decoded.set(bytes, chain);
  }
  return chain.causes.length > 0 ? chain : undefined;
}

/** Never throws, as isMessage() does for a proxy whose traps throw. */
function isChain(value: unknown): value is ErrorChain {
  try {
    return isMessage(value, ErrorChainSchema) && Array.isArray(value.causes);
  } catch {
    return false;
  }
}

const decoded = new WeakMap<Uint8Array, ErrorChain>();

/** How far `cause` links between errors are followed; they may form a circle. */
const MAX_CAUSE_DEPTH = 16;

/** The encoded chain of an error, from its own details or of what it leads to. */
function chainBytes(error: unknown): Uint8Array | undefined {
  let bytes = ownChainBytes(error); // as mostly
  if (bytes === undefined) {
    walkCauses(error, (value) => {
      bytes ??= ownChainBytes(value);
      return bytes === undefined;
    });
  }
  return bytes;
}

/** The encoded chain in an error's own details. Never throws. */
export function ownChainBytes(error: unknown): Uint8Array | undefined {
  try {
    const detail = ownChainDetail(error);
    const value = detail && ("desc" in detail ? encodeDetail(detail) : detail.value);
    return isBytes(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a thrown value carries a chain of its own. Never throws. */
export function hasOwnChain(value: unknown): value is ConnectError {
  try {
    const detail = ownChainDetail(value);
    return detail !== undefined && (!("desc" in detail) || encodeDetail(detail) !== undefined);
  } catch {
    return false;
  }
}

/** May throw, as what it finds may have getters. */
function ownChainDetail(error: unknown): ErrorDetail | undefined {
  for (const detail of isConnectError(error) ? detailsOf(error) : NO_DETAILS) {
    if (isChainDetail(detail) && !hasOddValue(detail)) {
      return detail;
    }
  }
  return undefined;
}

/** Whether somebody has put something else than bytes there, such as base64 text. */
function hasOddValue(detail: ErrorDetail): boolean {
  const own = "desc" in detail ? undefined : Object.getOwnPropertyDescriptor(detail, "value");
  return own !== undefined && own.get === undefined && !isBytes(own.value);
}

/** Also where they come from another realm, as in tests that run in a context of their own. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value);
}

const NO_DETAILS: readonly ErrorDetail[] = [];

/** The details of an error, also where somebody has put something else there. Never throws. */
export function detailsOf(error: ConnectError): readonly ErrorDetail[] {
  try {
    const { details } = error;
    if (!isList(details)) {
      return NO_DETAILS;
    }
    for (const detail of details as readonly unknown[]) {
      if (!isDetail(detail)) {
        return details.filter(isDetail); // also without the holes of a sparse array
      }
    }
    return details;
  } catch {
    return NO_DETAILS; // a getter, or a proxy whose traps throw
  }
}

function isDetail(value: unknown): value is ErrorDetail {
  try {
    return value instanceof Object && typeof typeNameOf(value as ErrorDetail) === "string";
  } catch {
    return false;
  }
}

/** The details of an error other than its chain. */
export function otherDetailsOf(error: ConnectError): readonly ErrorDetail[] {
  const details = detailsOf(error);
  const [first] = details;
  return details.length === 1 && first !== undefined && isChainDetail(first)
    ? NO_DETAILS // as mostly
    : details.filter((detail) => !isChainDetail(detail));
}

/** A detail that was written down as a message; undefined if it cannot be sent. */
function encodeDetail(detail: Extract<ErrorDetail, { desc: unknown }>): Uint8Array | undefined {
  let bytes = encoded.get(detail);
  if (bytes === undefined) {
    try {
      bytes = toBinary(detail.desc, create(detail.desc, detail.value));
      encoded.set(detail, bytes);
    } catch {
      return undefined;
    }
  }
  return bytes;
}

const encoded = new WeakMap<object, Uint8Array>();

/** The name of the message type of a detail. */
export function typeNameOf(detail: ErrorDetail): string {
  return "desc" in detail ? detail.desc.typeName : detail.type;
}

/** Whether a detail is an ErrorChain, in whatever form. */
export function isChainDetail(detail: ErrorDetail): boolean {
  return typeNameOf(detail) === ErrorChainSchema.typeName;
}

/**
 * The chain as a detail in the form of received ones: connect-es neither encodes
 * it again nor adds a readable copy, which would double its size on Connect.
 */
export function chainDetail(bytes: Uint8Array): ErrorDetail {
  return { type: ErrorChainSchema.typeName, value: bytes };
}

/**
 * Visits what a thrown value is or follows from: itself, what it names as its
 * cause, the members of arrays and AggregateErrors, and so on.
 *
 * @param visit gives false where what is behind the value is of no interest
 */
export function walkCauses(reason: unknown, visit: (value: unknown) => boolean): void {
  walk(reason, 0, [], visit);
}

function walk(
  value: unknown,
  depth: number,
  seen: unknown[],
  visit: (value: unknown) => boolean,
): void {
  if (value === undefined || value === null || depth > MAX_CAUSE_DEPTH) {
    return;
  }
  if (seen.length === MAX_ERRORS_BEHIND || seen.includes(value)) {
    return;
  }
  seen.push(value);
  const list = isList(value);
  if (!list && !visit(value)) {
    return;
  }
  for (const next of list ? itemsOf(value) : errorsOf(value)) {
    walk(next, depth + 1, seen, visit);
  }
  if (!list) {
    walk(causeOf(value), depth + 1, seen, visit);
  }
}

const MAX_ERRORS_BEHIND = 256;

/**
 * The errors that a thrown value is or follows from. What is behind an error with
 * a chain of its own is in that chain already, and not looked at.
 */
export function errorsBehind(reason: unknown): unknown[] {
  const found: unknown[] = [];
  walkCauses(reason, (value) => {
    found.push(value);
    return !hasOwnChain(value);
  });
  return found;
}

/** As errorsBehind(), but also those behind an error that has a chain of its own. */
export function allErrorsBehind(reason: unknown): unknown[] {
  const found: unknown[] = [];
  walkCauses(reason, (value) => found.push(value) > 0);
  return found;
}

/** The errors with a chain that a thrown value is or follows from; several for a fan-out. */
export function errorsWithChain(reason: unknown): ConnectError[] {
  return errorsBehind(reason).filter(hasOwnChain);
}

/** The encoded chains of what a thrown value is or follows from, see errorsWithChain(). */
export function chainsBehind(reason: unknown): Uint8Array[] {
  return errorsWithChain(reason).flatMap((error) => ownChainBytes(error) ?? []);
}
