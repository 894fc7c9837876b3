import { CauseSchema, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { fieldSize, MAX_IDENTITY_BYTES, OUTSIZED_BYTES } from "./bound.js";
import { MAX_CAUSES } from "./limits.js";
import { tagOf } from "./scan.js";
import {
  type Cursor,
  readEnd,
  readLength,
  skipVarint,
  varintBytes,
  writeVarint,
} from "./wire-cursor.js";

/**
 * A chain without the causes in its middle, in at most `maxBytes` and MAX_CAUSES causes:
 * the same that boundChain() leaves, but found by walking over the bytes. A call that goes
 * round in a circle is at the limit with every further hop, and to decode 32 causes for
 * each takes hundreds of times as long.
 *
 * Undefined where more than that is to be done, which is for boundChain(): in a fan-out,
 * where a cause speaks of repetitions, where a text is outsized, for what is not known,
 * and where no two causes fit.
 *
 * @param chain encoded by encodeChain(), with chains behind it that scanChain() accepts
 */
export function leaveOutMiddle(chain: Uint8Array, maxBytes: number): Uint8Array | undefined {
  const walked = walk(chain);
  if (walked === undefined) {
    return undefined;
  }
  const { causes, traceIdAt } = walked;
  let total = chain.length - traceIdAt;
  for (const { size } of causes) {
    total += size;
  }
  // What is left out lies between `from` and `to`; the cause above it says how much that was.
  let from = Math.floor(causes.length / 2);
  let to = from;
  let elided = 0;
  let count = causes.length;
  for (;;) {
    const above = causes[from - 1];
    const below = causes[to];
    if (above === undefined || below === undefined || count < 3) {
      return undefined;
    }
    const noted = above.elided + elided;
    if (noted > MAX_INT32) {
      return undefined;
    }
    const size = total - above.size + sizeWithElided(above, noted);
    if (count <= MAX_CAUSES && size <= maxBytes) {
      return write(chain, walked, from, to, noted, size);
    }
    // The farthest from both ends goes; of two that are equally far, the deeper one.
    const isDeeper = Math.floor(count / 2) === from;
    const dropped = isDeeper ? below : above;
    from -= isDeeper ? 0 : 1;
    to += isDeeper ? 1 : 0;
    elided += 1 + dropped.elided;
    total -= dropped.size;
    count--;
  }
}

/** Where a cause stands in the bytes of a chain. */
interface CausePlace {
  /** Where its field begins, and where the content of that begins and ends. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
  /** How many bytes the field takes. */
  readonly size: number;
  readonly elided: number;
  /** Where `elided` stands; both are 0 where it does not. */
  readonly elidedStart: number;
  readonly elidedEnd: number;
}

interface Walked {
  readonly causes: readonly CausePlace[];
  /** Where the trace ID begins. Nothing follows it. */
  readonly traceIdAt: number;
}

/** Finds the causes of a plain chain; undefined if it is another one. */
function walk(bytes: Uint8Array): Walked | undefined {
  const cursor: Cursor = { bytes, pos: 0 };
  const causes: CausePlace[] = [];
  let traceIdAt = bytes.length;
  let branches = 1;
  while (cursor.pos < bytes.length) {
    const start = cursor.pos;
    const tag = readLength(cursor);
    const end = readEnd(cursor);
    if (tag === TRACE_ID_TAG) {
      traceIdAt = start; // of several the last one counts
      cursor.pos = end;
    } else if (tag === CAUSES_TAG && branches === 1 && traceIdAt === bytes.length) {
      const content = cursor.pos;
      const facts = walkCause(cursor, end);
      if (facts === undefined) {
        return undefined;
      }
      causes.push({ start, content, end, size: end - start, ...facts });
      branches = facts.branches;
    } else {
      return undefined;
    }
  }
  return branches === 0 ? { causes, traceIdAt } : undefined;
}

type CauseFacts = Pick<CausePlace, "elided" | "elidedStart" | "elidedEnd"> & {
  readonly branches: number;
};

function walkCause(cursor: Cursor, end: number): CauseFacts | undefined {
  let branches = 0;
  let elided = 0;
  let elidedStart = 0;
  let elidedEnd = 0;
  while (cursor.pos < end) {
    const start = cursor.pos;
    const tag = readLength(cursor);
    const number = tag >>> 3;
    if (number === RETRY || number > LAST_FIELD) {
      return undefined;
    }
    if (tag === BRANCHES_TAG) {
      branches = readLength(cursor);
    } else if (tag === ELIDED_TAG) {
      if (elidedEnd > 0) {
        return undefined;
      }
      elided = readLength(cursor);
      if (elided < 0) {
        return undefined;
      }
      elidedStart = start;
      elidedEnd = cursor.pos;
    } else if ((tag & 7) === 0) {
      skipVarint(cursor, end);
    } else {
      const fieldEnd = readEnd(cursor);
      if (
        fieldEnd - cursor.pos >
        (number <= LAST_IDENTITY_FIELD ? MAX_IDENTITY_BYTES : OUTSIZED_BYTES)
      ) {
        return undefined;
      }
      cursor.pos = fieldEnd;
    }
  }
  return { branches, elided, elidedStart, elidedEnd };
}

function write(
  bytes: Uint8Array,
  { causes, traceIdAt }: Walked,
  from: number,
  to: number,
  elided: number,
  size: number,
): Uint8Array {
  const above = causes[from - 1] as CausePlace;
  const below = causes[to] as CausePlace;
  const last = causes.at(-1) as CausePlace;
  const cursor = { bytes: new Uint8Array(size), pos: 0 };
  const copy = (start: number, end: number) => {
    cursor.bytes.set(bytes.subarray(start, end), cursor.pos);
    cursor.pos += end - start;
  };
  copy(0, above.start);
  writeVarint(cursor, CAUSES_TAG);
  writeVarint(cursor, contentWithElided(above, elided));
  copy(above.content, above.elidedStart || above.end);
  if (elided > 0) {
    writeVarint(cursor, ELIDED_TAG);
    writeVarint(cursor, elided);
  }
  copy(above.elidedEnd || above.end, above.end);
  copy(below.start, last.end);
  copy(traceIdAt, bytes.length);
  return cursor.bytes;
}

/** How many bytes the field of a cause takes with another `elided`. */
function sizeWithElided(cause: CausePlace, elided: number): number {
  return fieldSize(contentWithElided(cause, elided));
}

function contentWithElided(cause: CausePlace, elided: number): number {
  const { content, end, elidedStart, elidedEnd } = cause;
  const noted = elided > 0 ? varintBytes(ELIDED_TAG) + varintBytes(elided) : 0;
  return end - content - (elidedEnd - elidedStart) + noted;
}

/** Larger numbers, which nobody sends who counts, take more than readLength() reads. */
const MAX_INT32 = 2 ** 31 - 1;

const { field } = CauseSchema;
const CAUSES_TAG = tagOf(ErrorChainSchema.field.causes);
const TRACE_ID_TAG = tagOf(ErrorChainSchema.field.traceId);
const BRANCHES_TAG = tagOf(field.branches);
const ELIDED_TAG = tagOf(field.elided);
const RETRY = field.retry.number;
/** System, module and code are the first fields. */
const LAST_IDENTITY_FIELD = field.code.number;
const LAST_FIELD = Math.max(...CauseSchema.fields.map(({ number }) => number));
