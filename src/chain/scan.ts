import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { CauseSchema, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { MAX_READ_BYTES } from "./limits.js";
import { type Cursor, MALFORMED, readEnd, readLength, skipValue } from "./wire-cursor.js";

/** What a hop needs to know of a chain in order to pass it on as bytes. */
export interface ChainScan {
  /** How many causes the chain has. At least one. */
  readonly causes: number;
  /** Who has written the nearest cause, and about what. */
  readonly nearest: Signature;
  /** Where the 16 bytes of the W3C trace ID begin; 0 where there is none. */
  readonly traceIdAt: number;
  /** Whether any cause says something about a repetition of its call. */
  readonly hasRetry: boolean;
  /** Whether each cause follows from the next one: there is no fan-out. */
  readonly isLine: boolean;
}

/** What of a cause says whose it is. */
export interface Signature {
  /** Where the system begins in the bytes, with its length; 0 where there is none. */
  systemAt: number;
  /** Where the procedure begins, likewise. */
  procedureAt: number;
  provenance: number;
}

/**
 * Walks over the bytes of an ErrorChain without decoding them, and finds out
 * whether they may be passed on as they are: every field has its type, every
 * string is UTF-8, every cause has a system and a code, and the causes are one
 * tree. Returns undefined if the bytes need repair, see repairChain().
 *
 * A hop puts its own cause in front of bytes that it never decodes. Bytes that
 * the decoder of some language rejects would take that cause down with them, so
 * this accepts less than any of them: no group, and no number that is longer
 * than it may be.
 */
export function scanChain(bytes: Uint8Array): ChainScan | undefined {
  if (bytes.length > MAX_READ_BYTES) {
    return undefined; // more is not read
  }
  if (last?.bytes !== bytes) {
    last = { bytes, scan: walkChain(bytes) };
  }
  return last.scan;
}

/**
 * A chain is looked at when it is received, and again when it is passed on: mostly at
 * once, so it is enough to remember one.
 */
let last: { readonly bytes: Uint8Array; readonly scan: ChainScan | undefined } | undefined;

function walkChain(bytes: Uint8Array): ChainScan | undefined {
  const cursor: ChainCursor = { bytes, pos: 0, hasRetry: false };
  const nearest: Signature = { systemAt: 0, procedureAt: 0, provenance: 0 };
  let causes = 0;
  let traceIdAt = 0;
  // How many causes must still follow for the tree to be whole.
  let pending = 1;
  let isLine = true;
  while (cursor.pos < bytes.length) {
    const tag = readLength(cursor);
    if (tag === CAUSES_TAG) {
      if (pending === 0) {
        return undefined; // a second tree
      }
      const end = readEnd(cursor);
      const branches = scanCause(cursor, end, causes === 0 ? nearest : undefined);
      if (branches === MALFORMED) {
        return undefined;
      }
      causes++;
      pending += branches - 1;
      isLine &&= branches <= 1;
    } else if (tag === TRACE_ID_TAG) {
      const end = readEnd(cursor);
      const length = end - cursor.pos;
      if (end === MALFORMED || (length !== 0 && length !== TRACE_ID_BYTES)) {
        return undefined;
      }
      traceIdAt = length === 0 ? 0 : cursor.pos;
      cursor.pos = end;
    } else if (!skipField(cursor, tag, bytes.length, CHAIN_SHAPE)) {
      return undefined;
    }
  }
  const { hasRetry } = cursor;
  return causes > 0 && pending === 0 ? { causes, nearest, traceIdAt, hasRetry, isLine } : undefined;
}

/** Whether the text that begins at a place of a signature is this one, which must be ASCII. */
export function isTextAt(bytes: Uint8Array, pos: number, text: string): boolean {
  const cursor = { bytes, pos };
  if (pos === 0 || readLength(cursor) !== text.length) {
    return pos === 0 && text === "";
  }
  for (let index = 0; index < text.length; index++) {
    if (bytes[cursor.pos + index] !== text.charCodeAt(index)) {
      return false;
    }
  }
  return true;
}

/** The length of a W3C trace ID. */
export const TRACE_ID_BYTES = 16;

interface ChainCursor extends Cursor {
  /** Whether a `retry` field was met. */
  hasRetry: boolean;
}

/** Moves over a cause. Returns its `branches`. */
function scanCause(cursor: ChainCursor, end: number, signature: Signature | undefined): number {
  let branches = 0;
  let hasSystem = false;
  let hasCode = false;
  while (cursor.pos < end) {
    const tag = readLength(cursor);
    if (tag === BRANCHES_TAG) {
      branches = readLength(cursor);
      if (branches === MALFORMED) {
        return MALFORMED;
      }
    } else {
      const start = cursor.pos;
      if (!skipField(cursor, tag, end, CAUSE_SHAPE)) {
        return MALFORMED;
      }
      // An empty string takes one byte, its length.
      if (tag === SYSTEM_TAG) {
        hasSystem = cursor.pos - start > 1;
      } else if (tag === CODE_TAG) {
        hasCode = cursor.pos - start > 1;
      } else if (tag === RETRY_TAG) {
        cursor.hasRetry = true;
      }
      if (signature !== undefined) {
        sign(signature, tag, cursor.bytes, start);
      }
    }
  }
  return cursor.pos === end && hasSystem && hasCode ? branches : MALFORMED;
}

/** Notes a field that has passed the scan, if it is part of a signature. */
function sign(signature: Signature, tag: number, bytes: Uint8Array, pos: number): void {
  if (tag === SYSTEM_TAG) {
    signature.systemAt = pos;
  } else if (tag === PROCEDURE_TAG) {
    signature.procedureAt = pos;
  } else if (tag === PROVENANCE_TAG) {
    signature.provenance = readLength({ bytes, pos });
  }
}

/** Moves over the value of a field. Returns false if it is malformed. */
function skipField(cursor: Cursor, tag: number, end: number, shape: Shape): boolean {
  const wireType = tag & 7;
  const field = shape[tag >>> 3];
  if (tag <= 7 || (field !== undefined && field.wireType !== wireType)) {
    return false; // field number 0, MALFORMED, or another type than the field has
  }
  if (wireType !== WireType.LengthDelimited || field?.content === undefined) {
    return skipValue(cursor, wireType, end);
  }
  const fieldEnd = readEnd(cursor);
  if (fieldEnd === MALFORMED || fieldEnd > end) {
    return false;
  }
  return field.content === "utf8"
    ? skipUtf8(cursor, fieldEnd)
    : skipMessage(cursor, fieldEnd, field.content);
}

function skipMessage(cursor: Cursor, end: number, shape: Shape): boolean {
  while (cursor.pos < end) {
    if (!skipField(cursor, readLength(cursor), end, shape)) {
      return false;
    }
  }
  return cursor.pos === end;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

function skipUtf8(cursor: Cursor, end: number): boolean {
  const { bytes } = cursor;
  let pos = cursor.pos;
  cursor.pos = end;
  while (pos < end && (bytes[pos] as number) < 0x80) {
    pos++;
  }
  try {
    if (pos < end) {
      strictUtf8.decode(bytes.subarray(pos, end));
    }
    return true;
  } catch {
    return false;
  }
}

/** What the fields of a message must look like on the wire, by field number. */
type Shape = readonly (FieldShape | undefined)[];

interface FieldShape {
  readonly wireType: WireType;
  /** What is in a field with a length; undefined for bytes. */
  readonly content?: "utf8" | Shape;
}

function shapeOf(desc: DescMessage): Shape {
  const shape: FieldShape[] = [];
  for (const field of desc.fields) {
    shape[field.number] = fieldShape(field);
  }
  return shape;
}

function fieldShape(field: DescField): FieldShape {
  const wireType = WireType.LengthDelimited;
  if (field.fieldKind === "map") {
    const text = { wireType, content: "utf8" } as const; // all our maps are of strings
    return { wireType, content: [undefined, text, text] };
  }
  if (field.message !== undefined) {
    return { wireType, content: shapeOf(field.message) };
  }
  switch (field.scalar) {
    case ScalarType.STRING:
      return { wireType, content: "utf8" };
    case ScalarType.BYTES:
      return { wireType };
    default:
      return { wireType: WireType.Varint }; // numbers, bools and enums
  }
}

const CAUSE_SHAPE = shapeOf(CauseSchema);
const CHAIN_SHAPE = shapeOf(ErrorChainSchema);

/** What stands in front of a field on the wire: its number and how it is written. */
export function tagOf(field: DescField): number {
  return (field.number << 3) | fieldShape(field).wireType;
}

const CAUSES_TAG = tagOf(ErrorChainSchema.field.causes);
const TRACE_ID_TAG = tagOf(ErrorChainSchema.field.traceId);
const SYSTEM_TAG = tagOf(CauseSchema.field.system);
const CODE_TAG = tagOf(CauseSchema.field.code);
const PROCEDURE_TAG = tagOf(CauseSchema.field.procedure);
const PROVENANCE_TAG = tagOf(CauseSchema.field.provenance);
const RETRY_TAG = tagOf(CauseSchema.field.retry);
const BRANCHES_TAG = tagOf(CauseSchema.field.branches);
