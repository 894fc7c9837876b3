import { base64Decode } from "@bufbuild/protobuf/wire";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { broken } from "./broken-text.js";

// A pattern that repeats something without a limit throws where that goes on for millions of
// characters: {0,4000000} is more than any text needs that is searched.

/** Bytes that a text has in base64, and where in the text that stands. */
export interface PlacedBytes {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
}

/** The chains among the details of Connect errors in a text, with the type on either side. */
export function* detailsIn(text: string): Iterable<PlacedBytes> {
  for (const pattern of [TYPE_THEN_VALUE, VALUE_THEN_TYPE]) {
    for (const { 0: match, 1: value = "", index } of text.matchAll(pattern)) {
      yield* decoded(value, index, index + match.length);
    }
  }
}

/** The bytes of everything in a text that may be a chain or a google.rpc.Status. */
export function* candidatesIn(text: string): Iterable<PlacedBytes> {
  for (const { 0: match, 1: value = "", index } of text.matchAll(STATUS_HEADER)) {
    yield* decoded(value, index, index + match.length);
  }
  for (const { 0: value, index } of text.matchAll(/[\w+/-]{16,4000000}={0,2}/g)) {
    yield* decoded(value, index, index + value.length);
  }
}

/**
 * The bytes of the first lines of a text, of all that may be base64 at first, then of one line
 * less, and so on: where a value ends that stands there alone, only decoding can tell.
 */
export function* beginningsOf(text: string): Iterable<PlacedBytes> {
  const [base64 = ""] = /^[\w+/=>\\\s-]{0,4000000}/.exec(text) ?? [];
  let end = base64.length === text.length ? text.length : base64.lastIndexOf("\n");
  for (let count = 0; end > 0 && count < MAX_LINES; count++) {
    yield* decoded(text.slice(0, end), 0, end);
    end = text.lastIndexOf("\n", Math.min(end, MAX_CHARS) - 1);
  }
}

/** The work that a large input may make. */
const MAX_LINES = 200;
const MAX_CHARS = 100_000;

/** Of JSON in JSON as well. Without a limit to the backslashes, a long run of them takes forever. */
const QUOTE = String.raw`\\{0,8}["']`;
const GAP = String.raw`(?:[>\s]|\\[nrt]){0,1000}`;

/**
 * Base64 with spaces, line breaks and JSON escapes in it, as much as there is: of one that is
 * cut off, a mark may say so. A line that begins with a name or a time is not part of it.
 */
const BASE64_IN_LINE = String.raw`[\w+/=>\\\t \u00a0-]{0,200000}`;
const BASE64 = String.raw`(${BASE64_IN_LINE}(?:\r?\n(?![> \t]*[\w-]+:)${BASE64_IN_LINE}){0,10000})`;

const CHAIN_TYPE = String.raw`(?<![\w.])${broken(ErrorChainSchema.typeName)}${GAP}${QUOTE}`;

/** A name with the quote after it, the colon, and the quote before the value. */
const named = (name: string) => `${broken(name)}(?:${GAP}${QUOTE})?${GAP}:${GAP}${QUOTE}`;
const NEXT = `${GAP},${GAP}(?:${QUOTE}${GAP})?`;

const TYPE_THEN_VALUE = new RegExp(`${CHAIN_TYPE}${NEXT}${named("value")}${BASE64}`, "g");
const VALUE_THEN_TYPE = new RegExp(
  String.raw`(?<!\w)${named("value")}${BASE64}${QUOTE}${NEXT}${named("type")}[^"']{0,200}?${CHAIN_TYPE}`,
  "g",
);

/** A header, which may be folded. */
const STATUS_HEADER = new RegExp(
  String.raw`${broken("grpc-status-details-bin")}(?:${GAP}${QUOTE})?${GAP}[:=]${GAP}[\\'"[]{0,20}${BASE64}`,
  "gi",
);

/** The bytes of the base64 that a text begins with. */
function* decoded(text: string, at: number, end: number): Iterable<PlacedBytes> {
  const [base64 = ""] = /^[\w+/-]{0,4000000}={0,2}/.exec(unescaped(text)) ?? [];
  // Cut off after the first character of four, that character says nothing.
  const whole = base64.length % 4 === 1 ? base64.slice(0, -1) : base64;
  try {
    yield { bytes: base64Decode(whole), at, end };
  } catch {
    // Not base64.
  }
}

function unescaped(text: string): string {
  return text
    .replaceAll(/\\{1,8}u([0-9a-fA-F]{4})/g, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replaceAll(/^[>\s]+|\\{1,8}[nrt]|\s/gm, "")
    .replaceAll(/\\{1,8}\//g, "/");
}
