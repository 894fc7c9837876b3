import { toBinary } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  type Cause,
  CauseSchema,
  ErrorChainSchema,
  RetrySchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { writeHex } from "./hex.js";
import { tagOf } from "./scan.js";
import { type Cursor, varintBytes, writeVarint } from "./wire-cursor.js";

/**
 * A hop's own cause with the chains from below behind it, in the bytes that toBinary()
 * gives. Every hop writes this for every failure, and toBinary(), which looks each
 * field up in the descriptor, takes several times as long.
 *
 * @param below encoded chains, which follow as they are
 * @param traceId 32 hex digits, or empty
 */
export function encodeChain(own: Cause, below: readonly Uint8Array[], traceId: string): Uint8Array {
  const rare = isRare(own) ? toBinary(CauseSchema, own) : undefined;
  let room = (rare?.length ?? mostBytes(own)) + traceId.length + 2 * MAX_LENGTH_BYTES;
  for (const chain of below) {
    room += chain.length;
  }
  const out = roomFor(room);
  const begin = out.pos;
  if (rare === undefined) {
    const start = beginField(out, CAUSES_TAG, 2);
    writeCause(out, own);
    endField(out, start, 2);
  } else {
    bytes(out, CAUSES_TAG, rare);
  }
  for (const chain of below) {
    raw(out, chain);
  }
  if (traceId !== "") {
    writeVarint(out, TRACE_ID_TAG);
    writeVarint(out, traceId.length / 2);
    writeHex(traceId, out.bytes, out.pos);
    out.pos += traceId.length / 2;
  }
  return out.bytes.subarray(begin, out.pos);
}

function writeCause(out: Cursor, cause: Cause): void {
  text(out, TAGS.system, cause.system);
  text(out, TAGS.module, cause.module);
  text(out, TAGS.code, cause.code);
  text(out, TAGS.reason, cause.reason);
  text(out, TAGS.message, cause.message);
  texts(out, TAGS.args, cause.args);
  texts(out, TAGS.privateArgs, cause.privateArgs);
  number(out, TAGS.provenance, cause.provenance);
  number(out, TAGS.visibility, cause.visibility);
  number(out, TAGS.status, cause.status);
  if (cause.retry !== undefined) {
    bytes(out, TAGS.retry, toBinary(RetrySchema, cause.retry));
  }
  text(out, TAGS.procedure, cause.procedure);
  if (cause.spanId.length > 0) {
    bytes(out, TAGS.spanId, cause.spanId);
  }
  if (cause.occurredAt !== undefined) {
    timestamp(out, TAGS.occurredAt, cause.occurredAt);
  }
  number(out, TAGS.branches, cause.branches);
  number(out, TAGS.elided, cause.elided);
  number(out, TAGS.inferred, Number(cause.inferred));
  text(out, TAGS.help, cause.help);
}

/**
 * What toBinary() knows how to write: unknown fields, negative numbers, and what somebody
 * has put in the place of a text, such as a number or a URL.
 */
function isRare(cause: Cause): boolean {
  const { $unknown, provenance, visibility, status, retry, occurredAt } = cause;
  const { seconds = 0, nanos = 0 } = occurredAt ?? {};
  return (
    !hasTexts(cause) ||
    $unknown !== undefined ||
    retry?.$unknown !== undefined ||
    retry?.delay?.$unknown !== undefined ||
    occurredAt?.$unknown !== undefined ||
    !(provenance >= 0 && visibility >= 0 && status >= 0 && nanos >= 0) ||
    !(Number(seconds) >= 0 && Number(seconds) <= Number.MAX_SAFE_INTEGER)
  );
}

function hasTexts(cause: Cause): boolean {
  return (
    typeof cause.system === "string" &&
    typeof cause.module === "string" &&
    typeof cause.code === "string" &&
    typeof cause.reason === "string" &&
    typeof cause.message === "string" &&
    typeof cause.procedure === "string" &&
    typeof cause.help === "string" &&
    areTexts(cause.args) &&
    areTexts(cause.privateArgs)
  );
}

function areTexts(values: Record<string, unknown>): boolean {
  return Object.values(values).every((value) => typeof value === "string");
}

/** How many bytes a cause may take: three for each UTF-16 unit, and what stands around texts. */
function mostBytes(cause: Cause): number {
  const { system, module, code, reason, message, procedure, help } = cause;
  const units =
    system.length +
    module.length +
    code.length +
    reason.length +
    message.length +
    procedure.length +
    help.length;
  return (
    BYTES_BESIDE_TEXTS +
    3 * units +
    cause.spanId.length +
    mostBytesOf(cause.args) +
    mostBytesOf(cause.privateArgs)
  );
}

function mostBytesOf(values: Record<string, string>): number {
  let most = 0;
  for (const name of Object.keys(values)) {
    most += 3 * MAX_LENGTH_BYTES + 3 * (name.length + (values[name] ?? "").length);
  }
  return most;
}

/** A tag, and a length of 32 bits. */
const MAX_LENGTH_BYTES = 2 + 5;

/** More than the tags, lengths and numbers of a cause take together. */
const BYTES_BESIDE_TEXTS = 256;

const { field } = CauseSchema;

const CAUSES_TAG = tagOf(ErrorChainSchema.field.causes);
const TRACE_ID_TAG = tagOf(ErrorChainSchema.field.traceId);

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

/**
 * As in Node's own pool of buffers. In a quarter of it only few long
 * chains find room, and joining one took a tenth longer.
 */
const POOL_BYTES = 65_536;

/** Where chains are written, one behind the other: an ArrayBuffer for each costs more than its content. */
let pool: Cursor = { bytes: new Uint8Array(0), pos: POOL_BYTES };

function roomFor(length: number): Cursor {
  if (length > POOL_BYTES) {
    return { bytes: new Uint8Array(length), pos: 0 }; // which nobody keeps
  }
  if (pool.pos + length > POOL_BYTES) {
    pool = { bytes: new Uint8Array(POOL_BYTES), pos: 0 };
  }
  return pool;
}

/** A number, unless it is 0. */
function number(out: Cursor, tag: number, value: number): void {
  if (value !== 0) {
    writeVarint(out, tag);
    writeVarint(out, value);
  }
}

function bytes(out: Cursor, tag: number, value: Uint8Array): void {
  writeVarint(out, tag);
  writeVarint(out, value.length);
  raw(out, value);
}

function raw(out: Cursor, value: Uint8Array): void {
  out.bytes.set(value, out.pos);
  out.pos += value.length;
}

/** A text, unless it is empty. */
function text(out: Cursor, tag: number, value: string): void {
  if (value !== "") {
    anyText(out, tag, value);
  }
}

function anyText(out: Cursor, tag: number, value: string): void {
  const lengthBytes = value.length > 0x7f ? 2 : 1;
  const start = beginField(out, tag, lengthBytes);
  utf8(out, value);
  endField(out, start, lengthBytes);
}

function texts(out: Cursor, tag: number, values: Record<string, string>): void {
  for (const name of Object.keys(values)) {
    const start = beginField(out, tag, 1);
    anyText(out, KEY_TAG, name);
    anyText(out, VALUE_TAG, values[name] ?? "");
    endField(out, start, 1);
  }
}

function timestamp(out: Cursor, tag: number, { seconds, nanos }: Timestamp): void {
  const start = beginField(out, tag, 1);
  number(out, SECONDS_TAG, Number(seconds));
  number(out, NANOS_TAG, nanos);
  endField(out, start, 1);
}

/**
 * Begins a field with a length, and gives where its content begins.
 *
 * @param lengthBytes how many bytes the length will probably take
 */
function beginField(out: Cursor, tag: number, lengthBytes: number): number {
  writeVarint(out, tag);
  out.pos += lengthBytes;
  return out.pos;
}

/** Ends a field with a length; the content moves where its length takes more or fewer bytes. */
function endField(out: Cursor, start: number, lengthBytes: number): void {
  const length = out.pos - start;
  const needed = varintBytes(length);
  const begin = start - lengthBytes;
  if (needed !== lengthBytes) {
    out.bytes.copyWithin(begin + needed, start, out.pos);
  }
  out.pos = begin;
  writeVarint(out, length);
  out.pos += length;
}

const encoder = new TextEncoder();

function utf8(out: Cursor, value: string): void {
  const { bytes } = out;
  let { pos } = out;
  if (value.length <= MAX_BY_HAND) {
    let index = 0;
    for (; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        break;
      }
      bytes[pos++] = code;
    }
    if (index === value.length) {
      out.pos = pos;
      return;
    }
  }
  out.pos += encoder.encodeInto(value, bytes.subarray(out.pos)).written;
}

/** Short texts of ASCII are written faster than a call of encodeInto() begins. */
const MAX_BY_HAND = 100;
