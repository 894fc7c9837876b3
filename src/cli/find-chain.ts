import { toBinary } from "@bufbuild/protobuf";
import { type ErrorChain, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { toHex } from "../chain/hex.js";
import { readChain } from "../chain/read.js";
import { scanChain } from "../chain/scan.js";
import { beginningsOf, candidatesIn, detailsIn, type PlacedBytes } from "./find-bytes.js";
import { chainsInJson } from "./find-json.js";
import { searchedParts } from "./searched-parts.js";
import { chainOfStatus } from "./status-detail.js";
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
  const found = new Map<string, FoundChain>();
  for (const it of chainsIn(searchedParts(text))) {
    const key = toHex(toBinary(ErrorChainSchema, it.chain));
    if (it.chain.causes.length > 0 && it.at < (found.get(key)?.at ?? Number.POSITIVE_INFINITY)) {
      found.set(key, it);
    }
  }
  return withoutPieces([...found.values()]).map(({ chain }) => chain);
}

/** A chain, and where in the text it stands. */
interface FoundChain extends PlacedBytes {
  readonly chain: ErrorChain;
}

function* chainsIn(text: string): Iterable<FoundChain> {
  for (const detail of detailsIn(text)) {
    // Its type says what it is, so it may be damaged.
    yield { ...detail, chain: readChain(detail.bytes) };
  }
  for (const candidate of candidatesIn(text)) {
    yield* chainOf(candidate);
  }
  for (const candidate of beginningsOf(text)) {
    const chains = chainOf(candidate);
    if (chains.length > 0) {
      yield* chains;
      break;
    }
  }
  for (const { chain, at, end } of chainsInJson(text)) {
    yield { chain, bytes: toBinary(ErrorChainSchema, chain), at, end };
  }
}

/** The tags of the fields 1 to 3 of a chain and of a google.rpc.Status. */
const FIRST_BYTES: ReadonlySet<number | undefined> = new Set([0x08, 0x0a, 0x12, 0x1a]);

function chainOf(candidate: PlacedBytes): FoundChain[] {
  if (!FIRST_BYTES.has(candidate.bytes[0])) {
    return []; // soon said of most of what a log has
  }
  const detail = chainOfStatus(candidate.bytes);
  return detail !== undefined || isChain(candidate.bytes)
    ? [{ ...candidate, chain: readChain(detail ?? candidate.bytes) }]
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
