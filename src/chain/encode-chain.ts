import { toBinary } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  type Cause,
  CauseSchema,
  ErrorChainSchema,
  RetrySchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { tagOf } from "./scan.js";

/**
 * A hop's own cause with the chains from below behind it, in the bytes that toBinary()
 * gives. Every hop writes this for every failure, and toBinary(), which looks each
 * field up in the descriptor, takes several times as long.
 *
 * @param below encoded chains, which follow as they are
 * @param traceId 16 bytes, or empty
 */
export function encodeChain(
  own: Cause,
  below: readonly Uint8Array[],
  traceId: Uint8Array,
): Uint8Array {
  used = 0;
  if (isRare(own)) {
    bytes(CAUSES_TAG, toBinary(CauseSchema, own));
  } else {
    const start = begin(CAUSES_TAG);
    writeCause(own);
    end(start);
  }
  for (const chain of below) {
    raw(chain);
  }
  if (traceId.length > 0) {
    bytes(TRACE_ID_TAG, traceId);
  }
  return buffer.slice(0, used);
}

function writeCause(cause: Cause): void {
  text(TAGS.system, cause.system);
  text(TAGS.module, cause.module);
  text(TAGS.code, cause.code);
  text(TAGS.reason, cause.reason);
  text(TAGS.message, cause.message);
  texts(TAGS.args, cause.args);
  texts(TAGS.privateArgs, cause.privateArgs);
  number(TAGS.provenance, cause.provenance);
  number(TAGS.visibility, cause.visibility);
  number(TAGS.status, cause.status);
  if (cause.retry !== undefined) {
    bytes(TAGS.retry, toBinary(RetrySchema, cause.retry));
  }
  text(TAGS.procedure, cause.procedure);
  if (cause.spanId.length > 0) {
    bytes(TAGS.spanId, cause.spanId);
  }
  if (cause.occurredAt !== undefined) {
    timestamp(TAGS.occurredAt, cause.occurredAt);
  }
  number(TAGS.branches, cause.branches);
  number(TAGS.elided, cause.elided);
  number(TAGS.inferred, Number(cause.inferred));
  text(TAGS.help, cause.help);
}

/** Unknown fields; numbers that an enum or a timestamp has only by mistake. toBinary() can write those. */
function isRare({ $unknown, provenance, visibility, status, occurredAt }: Cause): boolean {
  const { seconds = 0, nanos = 0, $unknown: more } = occurredAt ?? {};
  return (
    $unknown !== undefined ||
    more !== undefined ||
    !(provenance >= 0 && visibility >= 0 && status >= 0 && nanos >= 0) ||
    !(Number(seconds) >= 0 && Number(seconds) <= Number.MAX_SAFE_INTEGER)
  );
}

const CAUSES_TAG = tagOf(ErrorChainSchema.field.causes);
const TRACE_ID_TAG = tagOf(ErrorChainSchema.field.traceId);
const { field } = CauseSchema;

const TAGS = {
  system: tagOf(field.system),
  module: tagOf(field.module),
  code: tagOf(field.code),
  reason: tagOf(field.reason),
  message: tagOf(field.message),
  args: tagOf(field.args),
  privateArgs: tagOf(field.privateArgs),
  provenance: tagOf(field.provenance),
  visibility: tagOf(field.visibility),
  status: tagOf(field.status),
  retry: tagOf(field.retry),
  procedure: tagOf(field.procedure),
  spanId: tagOf(field.spanId),
  occurredAt: tagOf(field.occurredAt),
  branches: tagOf(field.branches),
  elided: tagOf(field.elided),
  inferred: tagOf(field.inferred),
  help: tagOf(field.help),
};

/** Of an entry of a map, and of a Timestamp: field 1 and 2. */
const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;
const SECONDS_TAG = 0x08;
const NANOS_TAG = 0x10;

/** Where chains are written, one at a time. */
let buffer = new Uint8Array(2048);
let used = 0;

/** The most that a tag, a length or a number takes. */
const MAX_VARINT_BYTES = 10;

function reserve(length: number): void {
  if (used + length > buffer.length) {
    const larger = new Uint8Array(2 * (used + length));
    larger.set(buffer.subarray(0, used));
    buffer = larger;
  }
}

function varint(value: number): void {
  reserve(MAX_VARINT_BYTES);
  let rest = value;
  while (rest >= 0x80) {
    buffer[used++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  buffer[used++] = rest;
}

/** A number, unless it is 0. */
function number(tag: number, value: number): void {
  if (value !== 0) {
    varint(tag);
    varint(value);
  }
}

function bytes(tag: number, value: Uint8Array): void {
  varint(tag);
  varint(value.length);
  raw(value);
}

function raw(value: Uint8Array): void {
  reserve(value.length);
  buffer.set(value, used);
  used += value.length;
}

/** A text, unless it is empty. */
function text(tag: number, value: string): void {
  if (value !== "") {
    const start = begin(tag);
    utf8(value);
    end(start);
  }
}

function texts(tag: number, values: Record<string, string>): void {
  for (const name of Object.keys(values)) {
    const start = begin(tag);
    for (const [fieldTag, value] of [
      [KEY_TAG, name],
      [VALUE_TAG, values[name] ?? ""],
    ] as const) {
      const startOfText = begin(fieldTag);
      utf8(value);
      end(startOfText);
    }
    end(start);
  }
}

function timestamp(tag: number, { seconds, nanos }: Timestamp): void {
  const start = begin(tag);
  number(SECONDS_TAG, Number(seconds));
  number(NANOS_TAG, nanos);
  end(start);
}

/** Begins a field with a length, and gives where its content begins. */
function begin(tag: number): number {
  varint(tag);
  reserve(1);
  return ++used;
}

/** Ends a field with a length. Most lengths take the one byte that was kept free. */
function end(start: number): void {
  const length = used - start;
  if (length < 0x80) {
    buffer[start - 1] = length;
    return;
  }
  const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : 4;
  reserve(more);
  buffer.copyWithin(start + more, start, used);
  const after = used + more;
  used = start - 1;
  varint(length);
  used = after;
}

const encoder = new TextEncoder();

function utf8(value: string): void {
  reserve(3 * value.length);
  const start = used;
  if (value.length <= MAX_BY_HAND) {
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) {
        used = start;
        break;
      }
      buffer[used++] = code;
    }
  }
  if (used === start) {
    used += encoder.encodeInto(value, buffer.subarray(used)).written;
  }
}

/** Short texts of ASCII are written faster than a call of encodeInto() begins. */
const MAX_BY_HAND = 64;
