import { WireType } from "@bufbuild/protobuf/wire";
import { CauseSchema, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { fieldSize, MAX_IDENTITY_BYTES, OUTSIZED_BYTES } from "./bound.js";
import { MAX_CAUSES } from "./limits.js";
import { tagOf } from "./scan.js";
import {
  type Cursor,
  readEnd,
  readLength,
  skipValue,
  varintBytes,
  writeVarint,
} from "./wire-cursor.js";

/**
 * A chain without the causes in its middle, in at most `maxBytes` and MAX_CAUSES causes:
 * what boundChain() leaves, but found by walking over the bytes. A call that goes round in
 * a circle is at the limit with every further hop, and to decode 32 causes for each takes
 * hundreds of times as long. Where only the number of causes is too high, their texts stay
 * as they are.
 *
 * Undefined where more than that is to be done, which is for boundChain(): where a cause
 * that goes speaks of repetitions, where outsized texts or what is not known would go
 * first, and where no two causes fit.
 *
 * @param chain encoded by encodeChain(), with a chain behind it in which scanChain() found
 *   no fan-out. It is overwritten with the result, if there is one.
 */
export function leaveOutMiddle(chain: Uint8Array, maxBytes: number): Uint8Array | undefined {
  const starts = causeStarts(chain);
  if (starts === undefined) {
    return undefined;
  }
  let count = starts.length - 1;
  // What is left out lies between `from` and `to`; the cause above it says how much that was.
  let from = Math.floor(count / 2);
  let to = from;
  let elided = 0;
  let isSmall = false;
  while (count > 2) {
    const above = causeAt(chain, starts[from - 1] as number);
    const noted = above.elided + elided;
    const cut = (starts[to] as number) - (starts[from] as number);
    const size = chain.length - cut - above.end + above.start + sizeWithElided(above, noted);
    if (!(noted <= MAX_INT32)) {
      return undefined;
    }
    if (count <= MAX_CAUSES) {
      if (size <= maxBytes) {
        return write(chain, above, starts[to] as number, noted);
      }
      isSmall ||= starts.slice(0, -1).every((start) => causeAt(chain, start).isSmall);
      if (!isSmall) {
        return undefined;
      }
    }
    // The farthest from both ends goes; of two that are equally far, the deeper one.
    const isDeeper = Math.floor(count / 2) === from;
    const dropped = isDeeper ? causeAt(chain, starts[to] as number) : above;
    if (dropped.hasRetry) {
      return undefined;
    }
    from -= isDeeper ? 0 : 1;
    to += isDeeper ? 1 : 0;
    elided += 1 + dropped.elided;
    count--;
  }
  return undefined;
}

/** Where the causes begin, and where the last one ends; undefined if there is more than them and a trace ID. */
function causeStarts(bytes: Uint8Array): number[] | undefined {
  const cursor: Cursor = { bytes, pos: 0 };
  const starts = [0];
  while (cursor.pos < bytes.length) {
    const start = cursor.pos;
    const tag = readLength(cursor);
    cursor.pos = readEnd(cursor);
    if (tag === CAUSES_TAG && start === starts.at(-1)) {
      starts.push(cursor.pos);
    } else if (tag !== TRACE_ID_TAG) {
      return undefined;
    }
  }
  return starts;
}

/** A cause in the bytes of a chain. */
interface RawCause {
  /** Where its field begins, and where the content of that begins and ends. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
  /** NaN where it cannot be said. */
  readonly elided: number;
  /** Where `elided` stands; both are the end of the cause where it does not. */
  readonly elidedStart: number;
  readonly elidedEnd: number;
  /** Whether it says something about a repetition of its call. */
  readonly hasRetry: boolean;
  /** Whether nothing of it would be cut before a cause is left out. */
  readonly isSmall: boolean;
}

function causeAt(bytes: Uint8Array, start: number): RawCause {
  const cursor: Cursor = { bytes, pos: start };
  readLength(cursor);
  const end = readEnd(cursor);
  const content = cursor.pos;
  let elided = 0;
  let elidedStart = end;
  let elidedEnd = end;
  let hasRetry = false;
  let isSmall = true;
  while (cursor.pos < end) {
    const fieldStart = cursor.pos;
    const tag = readLength(cursor);
    const number = tag >>> 3;
    isSmall &&= number <= LAST_FIELD;
    if (tag === ELIDED_TAG) {
      const value = readLength(cursor);
      elided = value < 0 || elidedStart < end ? Number.NaN : value;
      elidedStart = fieldStart;
      elidedEnd = cursor.pos;
    } else if ((tag & 7) === WireType.LengthDelimited) {
      const fieldEnd = readEnd(cursor);
      const most = number <= LAST_IDENTITY_FIELD ? MAX_IDENTITY_BYTES : OUTSIZED_BYTES;
      isSmall &&= fieldEnd - cursor.pos <= most;
      hasRetry ||= number === RETRY;
      cursor.pos = fieldEnd;
    } else if (!skipValue(cursor, tag & 7, end)) {
      elided = Number.NaN; // not what scanChain() has found here
      break;
    }
  }
  return { start, content, end, elided, elidedStart, elidedEnd, hasRetry, isSmall };
}

/**
 * Writes the result over the chain: what stands before `above` stays, what begins at
 * `below` moves up. A cause that goes takes at least eight bytes (of system and code, and
 * its own tag and length), and to note it at most as many.
 */
function write(bytes: Uint8Array, above: RawCause, below: number, elided: number): Uint8Array {
  const { start, content, end, elidedStart, elidedEnd } = above;
  const length = contentWithElided(above, elided);
  const head = start + varintBytes(CAUSES_TAG) + varintBytes(length);
  const tail = head + length - (end - elidedEnd);
  // From behind, as a cause may grow by what is noted.
  bytes.copyWithin(tail, elidedEnd, end);
  bytes.copyWithin(head, content, elidedStart);
  const cursor: Cursor = { bytes, pos: start };
  writeVarint(cursor, CAUSES_TAG);
  writeVarint(cursor, length);
  cursor.pos = head + elidedStart - content;
  if (elided > 0) {
    writeVarint(cursor, ELIDED_TAG);
    writeVarint(cursor, elided);
  }
  bytes.copyWithin(head + length, below);
  return bytes.subarray(0, head + length + bytes.length - below);
}

/** How many bytes the field of a cause takes with another `elided`. */
function sizeWithElided(cause: RawCause, elided: number): number {
  return fieldSize(contentWithElided(cause, elided));
}

function contentWithElided(cause: RawCause, elided: number): number {
  const { content, end, elidedStart, elidedEnd } = cause;
  const noted = elided > 0 ? varintBytes(ELIDED_TAG) + varintBytes(elided) : 0;
  return end - content - (elidedEnd - elidedStart) + noted;
}

/** Larger numbers, which nobody sends who counts, take more than readLength() reads. */
const MAX_INT32 = 2 ** 31 - 1;

const { field } = CauseSchema;
const CAUSES_TAG = tagOf(ErrorChainSchema.field.causes);
const TRACE_ID_TAG = tagOf(ErrorChainSchema.field.traceId);
const ELIDED_TAG = tagOf(field.elided);
const RETRY = field.retry.number;
/** System, module and code are the first fields. */
const LAST_IDENTITY_FIELD = field.code.number;
const LAST_FIELD = Math.max(...CauseSchema.fields.map(({ number }) => number));
