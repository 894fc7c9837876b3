import { toBinary } from "@bufbuild/protobuf";
import { BinaryReader, base64Decode, base64Encode, WireType } from "@bufbuild/protobuf/wire";
import { type ErrorChain, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { readChain } from "../chain/read.js";
import { scanChain } from "../chain/scan.js";
import { chainsInJson, type PlacedChain } from "./find-json.js";
import { isWellFormed } from "./well-formed.js";

/**
 * Finds the error chains in whatever people have in hand: the JSON of a Connect
 * error or of the end of a stream, a `grpc-status-details-bin` value, the base64
 * text of a chain, or any of these within other text, as a whole curl output is;
 * with line breaks and spaces in it, as from a screenshot; and chains that are JSON
 * themselves, see chainsInJson(). Each chain once, also where it stands there in two
 * forms; in the order of the text.
 */
export function findChains(text: string): ErrorChain[] {
  const found = new Map<string, PlacedChain>();
  const add = (chain: ErrorChain, at: number) => {
    const key = base64Encode(toBinary(ErrorChainSchema, chain));
    if (chain.causes.length > 0 && at < (found.get(key)?.at ?? Number.POSITIVE_INFINITY)) {
      found.set(key, { chain, at });
    }
  };
  const input =
    text.length > 2 * MAX_INPUT_CHARS
      ? `${text.slice(0, MAX_INPUT_CHARS)}\n${text.slice(-MAX_INPUT_CHARS)}`
      : text;
  for (const { bytes, at } of detailsIn(input)) {
    add(readChain(bytes), at); // its type says what it is, so it may be damaged
  }
  for (const { bytes, at } of candidatesIn(input)) {
    const detail = detailIn(bytes);
    if (detail !== undefined || isChain(bytes)) {
      add(readChain(detail ?? bytes), at);
    }
  }
  for (const { chain, at } of chainsInJson(input)) {
    add(chain, at);
  }
  return [...found.values()].sort((a, b) => a.at - b.at).map(({ chain }) => chain);
}

/** Bytes that a text has in base64, and where in the text they stand. */
interface PlacedBytes {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Of a longer text so much of either end is searched: the error of a stream stands at its end. */
const MAX_INPUT_CHARS = 4_000_000;

/** The chains among the details of Connect errors in a text, with the type on either side. */
function* detailsIn(text: string): Iterable<PlacedBytes> {
  for (const { 1: type = "", 2: value = "", index } of text.matchAll(
    /"type"\s*:\s*"([^"]*)"\s*,\s*"value"\s*:\s*"([^"]*)/g,
  )) {
    if (isChainType(type)) {
      yield* decoded(value, index);
    }
  }
  for (const { 1: value = "", 2: type = "", index } of text.matchAll(
    /"value"\s*:\s*"([^"]*)"\s*,\s*"type"\s*:\s*"([^"]*)"/g,
  )) {
    if (isChainType(type)) {
      yield* decoded(value, index);
    }
  }
}

/** The bytes of everything in a text that may be a chain or a google.rpc.Status. */
function* candidatesIn(text: string): Iterable<PlacedBytes> {
  // A header, which may be folded. Where it ends, only decoding can tell.
  for (const { 1: value = "", index } of text.matchAll(
    /grpc-status-details-bin['"]?\s*[:=]\s*['"[]*([\w+/=\s-]{1,100000})/gi,
  )) {
    yield* decodedFromLines(value, index);
  }
  yield* decodedFromLines(text, 0);
  for (const { 0: value, index } of text.matchAll(/[\w+/-]{16,100000}={0,2}/g)) {
    yield* decoded(value, index);
  }
}

function isChainType(type: string): boolean {
  return type === ErrorChainSchema.typeName || type.endsWith(`/${ErrorChainSchema.typeName}`);
}

/** A value that begins with the first line of a text, and may go on in the next ones. */
function* decodedFromLines(text: string, at: number): Iterable<PlacedBytes> {
  const lines = text.trim().split(/\r?\n/, MAX_LINES);
  for (let count = lines.length; count > 0; count--) {
    yield* decoded(lines.slice(0, count).join("\n"), at);
  }
}

const MAX_LINES = 200;

function* decoded(text: string, at: number): Iterable<PlacedBytes> {
  const unescaped = text
    .replaceAll(/\\u([0-9a-fA-F]{4})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/^[>\s]+|\\[nrt]|\s/gm, "")
    .replaceAll("\\/", "/");
  if (/^[\w+/-]+={0,2}$/.test(unescaped)) {
    try {
      // Cut off after the first character of four, that character says nothing.
      const whole = unescaped.length % 4 === 1 ? unescaped.slice(0, -1) : unescaped;
      yield { bytes: base64Decode(whole), at };
    } catch {
      // Not base64.
    }
  }
}

/** Whether bytes are a chain that is whole, or a sealed part alone, and not another message. */
function isChain(bytes: Uint8Array): boolean {
  const chain = readChain(bytes);
  return isWellFormed(chain) && (scanChain(bytes) !== undefined || chain.sealed.length > 0);
}

/** The chain among the details of a google.rpc.Status: code = 1, message = 2, details = 3. */
function detailIn(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [fieldNo, wireType] = reader.tag();
      if (fieldNo === 3 && wireType === WireType.LengthDelimited) {
        const { typeUrl, value } = readAny(available(reader, bytes));
        if (typeUrl.endsWith(`/${ErrorChainSchema.typeName}`)) {
          return value;
        }
      } else {
        reader.skip(wireType, fieldNo);
      }
    }
  } catch {
    // No google.rpc.Status.
  }
  return undefined;
}

/** A google.protobuf.Any: type_url = 1, value = 2. */
function readAny(bytes: Uint8Array): { typeUrl: string; value: Uint8Array } {
  const reader = new BinaryReader(bytes);
  const any = { typeUrl: "", value: new Uint8Array() as Uint8Array };
  while (reader.pos < reader.len) {
    const [fieldNo, wireType] = reader.tag();
    if (fieldNo === 1) {
      any.typeUrl = reader.string();
    } else if (fieldNo === 2) {
      any.value = available(reader, bytes);
    } else {
      reader.skip(wireType, fieldNo);
    }
  }
  return any;
}

/** A field with a length; of one that is cut off, what there is. */
function available(reader: BinaryReader, bytes: Uint8Array): Uint8Array {
  const length = reader.uint32();
  const start = reader.pos;
  reader.pos = Math.min(start + length, reader.len);
  return bytes.subarray(start, reader.pos);
}
