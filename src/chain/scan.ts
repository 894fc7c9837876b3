import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { CauseSchema, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";

/** What a hop needs to know of a chain in order to pass it on as bytes. */
export interface ChainScan {
  /** How many causes the chain has. At least one. */
  readonly causes: number;
  /** The nearest cause, encoded. */
  readonly nearest: Uint8Array;
  /** The W3C trace ID as it stands in the chain: 16 bytes, or empty. */
  readonly traceId: Uint8Array;
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
  let scan = scanned.get(bytes);
  if (scan === undefined) {
    scan = walkChain(bytes);
    if (scan !== undefined) {
      scanned.set(bytes, scan);
    }
  }
  return scan;
}

/** A chain is looked at when it is received, and again when it is passed on. */
const scanned = new WeakMap<Uint8Array, ChainScan>();

function walkChain(bytes: Uint8Array): ChainScan | undefined {
  const cursor = { bytes, pos: 0 };
  let causes = 0;
  let nearest: Uint8Array = NO_BYTES;
  let traceId: Uint8Array = NO_BYTES;
  // How many causes must still follow for the tree to be whole.
  let pending = 1;
  while (cursor.pos < bytes.length) {
    const tag = readLength(cursor);
    if (tag === CAUSES_TAG) {
      if (pending === 0) {
        return undefined; // a second tree
      }
      const end = readEnd(cursor);
      const start = cursor.pos;
      const branches = scanCause(cursor, end);
      if (branches === MALFORMED) {
        return undefined;
      }
      if (causes === 0) {
        nearest = bytes.subarray(start, end);
      }
      causes++;
      pending += branches - 1;
    } else if (tag === TRACE_ID_TAG) {
      const end = readEnd(cursor);
      const length = end - cursor.pos;
      if (end === MALFORMED || (length !== 0 && length !== TRACE_ID_BYTES)) {
        return undefined;
      }
      traceId = bytes.subarray(cursor.pos, end);
      cursor.pos = end;
    } else if (!skipField(cursor, tag, bytes.length, CHAIN_SHAPE)) {
      return undefined;
    }
  }
  return causes > 0 && pending === 0 ? { causes, nearest, traceId } : undefined;
}

/** The length of a W3C trace ID. */
export const TRACE_ID_BYTES = 16;

const NO_BYTES = new Uint8Array();

interface Cursor {
  readonly bytes: Uint8Array;
  pos: number;
}

/** What the functions below give where the bytes are malformed. No valid number is negative. */
const MALFORMED = -1;

/** Moves over a cause. Returns its `branches`. */
function scanCause(cursor: Cursor, end: number): number {
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
      }
    }
  }
  return cursor.pos === end && hasSystem && hasCode ? branches : MALFORMED;
}

/** Moves over the value of a field. Returns false if it is malformed. */
function skipField(cursor: Cursor, tag: number, end: number, shape: Shape): boolean {
  const wireType = tag & 7;
  const field = shape.get(tag >>> 3);
  if (tag <= 7 || (field !== undefined && field.wireType !== wireType)) {
    return false; // field number 0, MALFORMED, or another type than the field has
  }
  switch (wireType) {
    case WireType.Varint:
      return skipVarint(cursor, end);
    case WireType.Bit32:
      cursor.pos += 4;
      return cursor.pos <= end;
    case WireType.Bit64:
      cursor.pos += 8;
      return cursor.pos <= end;
    case WireType.LengthDelimited: {
      const fieldEnd = readEnd(cursor);
      if (fieldEnd === MALFORMED || fieldEnd > end) {
        return false;
      }
      if (field?.content === undefined) {
        cursor.pos = fieldEnd;
        return true;
      }
      return field.content === "utf8"
        ? skipUtf8(cursor, fieldEnd)
        : skipMessage(cursor, fieldEnd, field.content);
    }
    default:
      return false; // groups
  }
}

function skipMessage(cursor: Cursor, end: number, shape: Shape): boolean {
  while (cursor.pos < end) {
    if (!skipField(cursor, readLength(cursor), end, shape)) {
      return false;
    }
  }
  return cursor.pos === end;
}

/** Reads a tag or a length: 32 bits, of which the highest is never set. */
function readLength(cursor: Cursor): number {
  const { bytes } = cursor;
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[cursor.pos++];
    if (byte === undefined || (shift === 28 && byte > 0x07)) {
      return MALFORMED;
    }
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  return MALFORMED;
}

/** Reads the length of a field, and returns where the field ends. */
function readEnd(cursor: Cursor): number {
  const length = readLength(cursor);
  const end = cursor.pos + length;
  return length === MALFORMED || end > cursor.bytes.length ? MALFORMED : end;
}

function skipVarint(cursor: Cursor, end: number): boolean {
  for (let length = 1; length <= 10 && cursor.pos < end; length++) {
    const byte = cursor.bytes[cursor.pos++] as number;
    if (byte < 0x80) {
      return length < 10 || byte <= 1; // 64 bits
    }
  }
  return false;
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
type Shape = ReadonlyMap<number, FieldShape>;

interface FieldShape {
  readonly wireType: WireType;
  /** What is in a field with a length; undefined for bytes. */
  readonly content?: "utf8" | Shape;
}

function shapeOf(desc: DescMessage): Shape {
  return new Map(desc.fields.map((field) => [field.number, fieldShape(field)]));
}

function fieldShape(field: DescField): FieldShape {
  const wireType = WireType.LengthDelimited;
  if (field.fieldKind === "map") {
    const text = { wireType, content: "utf8" } as const; // all our maps are of strings
    return {
      wireType,
      content: new Map([
        [1, text],
        [2, text],
      ]),
    };
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

function tagOf(field: DescField): number {
  return (field.number << 3) | fieldShape(field).wireType;
}

const CAUSES_TAG = tagOf(ErrorChainSchema.field.causes);
const TRACE_ID_TAG = tagOf(ErrorChainSchema.field.traceId);
const SYSTEM_TAG = tagOf(CauseSchema.field.system);
const CODE_TAG = tagOf(CauseSchema.field.code);
const BRANCHES_TAG = tagOf(CauseSchema.field.branches);
