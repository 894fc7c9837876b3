import { CauseSchema, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { tagOf } from "./scan.js";
import { type Cursor, readEnd, readLength, skipValue } from "./wire-cursor.js";

/**
 * Where a cause stands in the bytes of its chain, and where the texts in it that say which
 * error it is: each begins with its length, as isTextAt() takes it, and is 0 where there is none.
 */
export interface CausePlace {
  readonly start: number;
  readonly end: number;
  system: number;
  module: number;
  code: number;
  reason: number;
  /** The status itself. */
  status: number;
}

/**
 * The causes of a chain, nearest first, without decoding them: whoever looks for one of
 * them needs of the others no more than which error they are.
 *
 * @param bytes a chain that scanChain() accepts
 */
export function causePlaces(bytes: Uint8Array): CausePlace[] {
  const places: CausePlace[] = [];
  const cursor: Cursor = { bytes, pos: 0 };
  while (cursor.pos < bytes.length) {
    const tag = readLength(cursor);
    if (tag === CAUSES_TAG) {
      const end = readEnd(cursor);
      places.push(placeUntil(cursor, end));
    } else if (!skipValue(cursor, tag & 7, bytes.length)) {
      break;
    }
  }
  return places;
}

function placeUntil(cursor: Cursor, end: number): CausePlace {
  const start = cursor.pos;
  const place = { start, end, system: 0, module: 0, code: 0, reason: 0, status: 0 };
  while (cursor.pos < end) {
    const tag = readLength(cursor);
    const { pos } = cursor;
    const text = TEXT_OF_TAG[tag];
    if (text !== undefined) {
      place[text] = pos;
    } else if (tag === STATUS_TAG) {
      place.status = readLength(cursor);
      cursor.pos = pos; // a negative number is longer than what that reads
    }
    if (!skipValue(cursor, tag & 7, end)) {
      break;
    }
  }
  return place;
}

const { field } = CauseSchema;
const CAUSES_TAG = tagOf(ErrorChainSchema.field.causes);
const STATUS_TAG = tagOf(field.status);
const TEXT_OF_TAG: ("system" | "module" | "code" | "reason")[] = [];
TEXT_OF_TAG[tagOf(field.system)] = "system";
TEXT_OF_TAG[tagOf(field.module)] = "module";
TEXT_OF_TAG[tagOf(field.code)] = "code";
TEXT_OF_TAG[tagOf(field.reason)] = "reason";
