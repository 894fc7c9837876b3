import { toBinary } from "@bufbuild/protobuf";
import { type ErrorChain, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { toHex } from "../chain/hex.js";
import { readChain } from "../chain/read.js";
import { scanChain } from "../chain/scan.js";
import { beginningsOf, candidatesIn, detailsIn, type PlacedBytes } from "./find-bytes.js";
import { chainsInJson } from "./find-json.js";
import { pythonBytesIn } from "./python-bytes.js";
import { readText } from "./read-text.js";
import { hasNameOfChain, searchedParts } from "./searched-parts.js";
import { chainOfStatus } from "./status-detail.js";
import { withStraightQuotes } from "./straight-quotes.js";
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
  const searched = searchedParts(text);
  const chains = distinctChains(searched);
  if (chains.length > 0) {
    return chains;
  }
  const straight = withStraightQuotes(searched);
  return straight === searched ? [] : distinctChains(straight);
}

function distinctChains(text: string): ErrorChain[] {
  const found = new Map<string, FoundChain>();
  for (const it of chainsIn(text)) {
    const key = toHex(toBinary(ErrorChainSchema, it.chain));
    if (it.chain.causes.length > 0 && it.at < (found.get(key)?.at ?? Number.POSITIVE_INFINITY)) {
      found.set(key, it);
    }
  }
  return withoutPieces([...found.values()]).map(({ chain }) => chain);
}

/** A chain with its bytes, and where in the text it stands. */
interface FoundChain extends PlacedBytes {
  readonly chain: ErrorChain;
}

/** The chains in a text, and in texts that it has in base64, and so on, to some depth. */
function* chainsIn(text: string, depth = MAX_DEPTH): Iterable<FoundChain> {
  for (const detail of detailsIn(text)) {
    // Its type says what it is, so it may be damaged.
    yield { ...detail, chain: readChain(detail.bytes) };
  }
  for (const candidates of [candidatesIn(text), pythonBytesIn(text)]) {
    for (const candidate of candidates) {
      yield* chainsOf(candidate, depth);
    }
  }
  for (const candidate of beginningsOf(text)) {
    const chains = chainsOf(candidate, depth);
    if (chains.length > 0) {
      yield* chains;
      break;
    }
  }
  for (const { chain, at, end } of chainsInJson(text)) {
    yield { chain, bytes: toBinary(ErrorChainSchema, chain), at, end };
  }
}

/** The tags of the fields of a chain and of a google.rpc.Status. Most of what a log has begins otherwise. */
const FIRST_BYTES: ReadonlySet<number | undefined> = new Set([0x08, 0x0a, 0x12, 0x1a]);

/** A response in base64 in base64: what grpc-web-text sends, as the archive of a browser has it. */
const MAX_DEPTH = 2;

/** No text with a chain is as short as the IDs that a log is full of. */
const MIN_TEXT_BYTES = 40;

function chainsOf({ bytes, at, end }: PlacedBytes, depth: number): FoundChain[] {
  if (FIRST_BYTES.has(bytes[0])) {
    const detail = chainOfStatus(bytes);
    if (detail !== undefined || isChain(bytes)) {
      const own = detail ?? bytes;
      return [{ chain: readChain(own), bytes: own, at, end }];
    }
  }
  const text = depth > 0 && bytes.length > MIN_TEXT_BYTES ? readText(bytes) : "";
  return hasNameOfChain(text) || /^[\w+/=\s-]+$/.test(text)
    ? Array.from(chainsIn(text, depth - 1), (it) => ({ ...it, at, end }))
    : [];
}

/** Whether bytes are a chain that is whole, or a sealed part alone, and not another message. */
function isChain(bytes: Uint8Array): boolean {
  const chain = readChain(bytes);
  return isWellFormed(chain) && (scanChain(bytes) !== undefined || chain.sealed.length > 0);
}

/**
 * The chains in the order of the text. One line of a value that has several may look like a
 * chain as well: it is a piece of the one that it stands in, and no error of its own.
 */
function withoutPieces(found: readonly FoundChain[]): FoundChain[] {
  let around: FoundChain | undefined;
  return [...found]
    .sort((a, b) => a.at - b.at || b.end - a.end)
    .filter((it) => {
      if (around !== undefined && it.end <= around.end) {
        return !toHex(around.bytes).includes(toHex(it.bytes));
      }
      around = it;
      return true;
    });
}
