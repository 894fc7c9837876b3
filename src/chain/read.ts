import { create, fromBinary, mergeFromBinary, ScalarType, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  type Cause,
  CauseSchema,
  type ErrorChain,
  ErrorChainSchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { MAX_READ_BYTES, MAX_READ_CAUSES } from "./limits.js";
import { TRACE_ID_BYTES } from "./scan.js";
import { addElided, causeTree, flattenTree } from "./tree.js";

/** How many args, and how many private args, of a cause are read. */
const MAX_READ_ARGS = 64;

/**
 * Reads a chain from bytes that may come from anybody. Never throws: what can be
 * read is read, a cause whose bytes end early keeps the fields before the
 * damage, and text that is not UTF-8 gets U+FFFD in place of the wrong bytes. A
 * cause without system and code is not one and is left out (some decoders do
 * not check the type of a detail, so the bytes may be another message).
 *
 * Unknown fields and enum values are kept. `branches` is set to what really
 * follows.
 */
export function readChain(bytes: Uint8Array): ErrorChain {
  const chain = create(ErrorChainSchema);
  const reader = new BinaryReader(bytes.subarray(0, MAX_READ_BYTES));
  const mending: Mending = { left: MAX_MENDED };
  let leftOut = 0;
  try {
    while (reader.pos < reader.len) {
      const start = reader.pos;
      const [fieldNo, wireType] = reader.tag();
      if (fieldNo === ErrorChainSchema.field.causes.number) {
        if (wireType !== WireType.LengthDelimited) {
          break;
        }
        if (chain.causes.length === MAX_READ_CAUSES) {
          reader.skip(wireType, fieldNo);
          leftOut++;
          continue;
        }
        const length = reader.uint32();
        const end = Math.min(reader.pos + length, reader.len); // take what there is
        const cause = readCause(bytes.subarray(reader.pos, end), mending);
        reader.pos = end;
        if (cause !== undefined) {
          chain.causes.push(cause);
        }
      } else {
        reader.skip(wireType, fieldNo);
        mergeFromBinary(ErrorChainSchema, chain, bytes.subarray(start, reader.pos));
      }
    }
  } catch {
    // The rest of the bytes makes no sense.
  }
  const last = chain.causes.at(-1);
  if (last !== undefined) {
    addElided(last, leftOut);
  }
  if (chain.traceId.length !== TRACE_ID_BYTES) {
    chain.traceId = new Uint8Array();
  }
  const tree = causeTree(chain);
  if (tree !== undefined) {
    chain.causes = flattenTree(tree);
  }
  return chain;
}

/**
 * The same chain in bytes that every decoder takes, for bytes that scanChain()
 * does not accept. What is not known of it is not passed on.
 */
export function repairChain(bytes: Uint8Array): Uint8Array {
  let result = repaired.get(bytes);
  if (result === undefined) {
    const chain = readChain(bytes);
    dropUnknownFields(chain);
    result = toBinary(ErrorChainSchema, chain);
    repaired.set(bytes, result);
  }
  return result;
}

/** Several look at the chain of one error, and a repair takes long. */
const repaired = new WeakMap<Uint8Array, Uint8Array>();

/** Drops the unknown fields of a chain, of its causes and of the messages in them. */
export function dropUnknownFields(chain: ErrorChain): void {
  delete chain.$unknown;
  for (const cause of chain.causes) {
    for (const message of [cause, cause.retry, cause.retry?.delay, cause.occurredAt]) {
      delete message?.$unknown;
    }
  }
}

function readCause(bytes: Uint8Array, mending: Mending): Cause | undefined {
  const cause = decodeCause(bytes, mending);
  return cause.system !== "" && cause.code !== "" ? cause : undefined;
}

/** Reads one cause of a chain, as readChain() does. */
export function decodeCause(bytes: Uint8Array, mending: Mending = { left: MAX_MENDED }): Cause {
  let cause: Cause;
  try {
    cause = fromBinary(CauseSchema, bytes);
  } catch {
    cause = salvageCause(bytes, mending);
  }
  cause.args = firstEntries(cause.args);
  cause.privateArgs = firstEntries(cause.privateArgs);
  return cause;
}

function firstEntries(args: Record<string, string>): Record<string, string> {
  const entries = Object.entries(args);
  return entries.length <= MAX_READ_ARGS
    ? args
    : Object.fromEntries(entries.slice(0, MAX_READ_ARGS));
}

/**
 * So many fields of a chain are mended, as where one system of a long chain writes
 * another encoding. More are no accident, and each takes an exception.
 */
const MAX_MENDED = 64;

/** How many fields more may be mended. */
interface Mending {
  left: number;
}

/** Reads a cause field by field, and mends or leaves out the fields that do not decode. */
function salvageCause(bytes: Uint8Array, mending: Mending): Cause {
  const cause = create(CauseSchema);
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len && mending.left > 0) {
      const start = reader.pos;
      const [fieldNo, wireType] = reader.tag();
      reader.skip(wireType, fieldNo);
      const field = bytes.subarray(start, reader.pos);
      try {
        mergeFromBinary(CauseSchema, cause, field);
      } catch {
        mending.left--;
        const desc = CauseSchema.fields.find((f) => f.number === fieldNo);
        if (desc?.scalar === ScalarType.STRING && wireType === WireType.LengthDelimited) {
          mergeFromBinary(CauseSchema, cause, withValidUtf8(field));
        }
      }
    }
  } catch {
    // The rest of the bytes makes no sense.
  }
  return cause;
}

/** The same string field with U+FFFD in place of bytes that are not UTF-8. */
function withValidUtf8(field: Uint8Array): Uint8Array {
  const reader = new BinaryReader(field);
  const [fieldNo, wireType] = reader.tag();
  return new BinaryWriter().tag(fieldNo, wireType).string(reader.string()).finish();
}
