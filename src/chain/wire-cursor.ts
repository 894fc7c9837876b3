// Reads and writes the wire format of Protobuf without an object for each field, see
// https://protobuf.dev/programming-guides/encoding/. BinaryReader is for messages that
// are decoded; chains are mostly only walked over.

import { WireType } from "@bufbuild/protobuf/wire";

/** A place in bytes. */
export interface Cursor {
  readonly bytes: Uint8Array;
  pos: number;
}

/** What the functions of this file give where the bytes are malformed. No valid number is negative. */
export const MALFORMED = -1;

/** Reads a tag or a length: 32 bits, of which the highest is never set. */
export function readLength(cursor: Cursor): number {
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
export function readEnd(cursor: Cursor): number {
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

/**
 * Moves over the value of a field of any type. Returns false, and may stand anywhere, where
 * it is malformed or goes over the end, and for groups.
 */
export function skipValue(cursor: Cursor, wireType: number, end: number): boolean {
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
      cursor.pos = fieldEnd;
      return fieldEnd !== MALFORMED && fieldEnd <= end;
    }
    default:
      return false;
  }
}

/** Writes a number of up to 53 bits, which must not be negative. */
export function writeVarint(out: Cursor, value: number): void {
  let rest = value;
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) {
    out.bytes[out.pos++] = (rest % 0x80) | 0x80;
  }
  for (; rest > 0x7f; rest >>>= 7) {
    out.bytes[out.pos++] = (rest & 0x7f) | 0x80;
  }
  out.bytes[out.pos++] = rest;
}

/** How many bytes a number of up to 31 bits takes. */
export function varintBytes(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) {
    length++;
  }
  return length;
}
