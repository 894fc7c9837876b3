import { fromJson, type JsonObject, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { type ErrorChain, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { fromHex } from "../chain/hex.js";
import { readChain } from "../chain/read.js";
import { broken, unbroken } from "./broken-text.js";
import { isWellFormed } from "./well-formed.js";

/** A chain, and where in the text it stands. */
export interface PlacedChain {
  readonly chain: ErrorChain;
  readonly at: number;
  readonly end: number;
}

/**
 * Finds error chains that are written as JSON in a text: as Protobuf does it, for example
 * in the `debug` of a detail or in a google.rpc.Status behind a gateway, and the bodies
 * that `errchain/http` makes; also within a JSON string, as a logger writes a body.
 */
export function* chainsInJson(text: string): Iterable<PlacedChain> {
  let end = 0;
  let failures = 0;
  for (const { index } of text.matchAll(CAUSES)) {
    if (index < end || failures >= MAX_FAILURES) {
      continue;
    }
    for (const start of bracesBefore(text, index)) {
      const endOfThis = endOfObject(text, start);
      const value = endOfThis > index ? parsed(text.slice(start, endOfThis)) : undefined;
      const chain = value && (protobufChain(value) ?? httpChain(value));
      if (chain !== undefined) {
        end = endOfThis;
        yield { chain, at: start, end };
      }
      if (value !== undefined) {
        break;
      }
      failures++;
    }
  }
  yield* chainsInStrings(text);
}

const CAUSES = new RegExp(String.raw`${broken('"causes"')}[>\s]{0,1000}:[>\s]{0,1000}\[`, "g");

/** The work that a large input with nothing in it may make. */
const MAX_FAILURES = 1000;
const MAX_BRACES = 20;
const MAX_OBJECT_CHARS = 100_000;

/** Where the object may begin that a key belongs to, nearest first: a message may have braces too. */
function* bracesBefore(text: string, key: number): Iterable<number> {
  const from = Math.max(0, key - MAX_OBJECT_CHARS);
  const front = text.slice(from, key);
  let start = front.lastIndexOf("{");
  for (let count = 0; start >= 0 && count < MAX_BRACES; count++) {
    yield from + start;
    start = start > 0 ? front.lastIndexOf("{", start - 1) : -1;
  }
}

/** Where the object ends that begins at a brace; -1 if it does not. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let pos = start; pos < start + MAX_OBJECT_CHARS && pos < text.length; pos++) {
    const char = text[pos];
    if (char === '"') {
      inString = !inString;
    } else if (inString) {
      pos += char === "\\" ? 1 : 0;
    } else if (char === "{") {
      depth++;
    } else if (char === "}" && --depth === 0) {
      return pos + 1;
    }
  }
  return -1;
}

/** An object, also where a mail has quoted its lines or a terminal has broken them. */
function parsed(text: string): JsonObject | undefined {
  for (const json of [text, unbroken(text)]) {
    try {
      return JSON.parse(json);
    } catch {
      // Not as it stands.
    }
  }
  return undefined;
}

function* chainsInStrings(text: string): Iterable<PlacedChain> {
  if (!text.includes('\\"causes\\')) {
    return;
  }
  let lineAt = 0;
  for (const line of text.split("\n")) {
    if (line.includes('\\"causes\\')) {
      for (const { chain, at } of chainsInJson(unescaped(line))) {
        yield { chain, at: lineAt + at, end: lineAt + line.length };
      }
    }
    lineAt += line.length + 1;
  }
}

/** What a JSON string stands for; other escapes mean the same in the JSON within it. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(["\\/nrt])/g, (_, char) => (/[nrt]/.test(char) ? "\n" : char));
}

function protobufChain(value: JsonObject): ErrorChain | undefined {
  try {
    const message = fromJson(ErrorChainSchema, value, { ignoreUnknownFields: true });
    const chain = readChain(toBinary(ErrorChainSchema, message));
    return isWellFormed(chain) ? chain : undefined;
  } catch {
    return undefined;
  }
}

/** What `errorResponse()` and `problemDetails()` write: codes are full codes, the trace ID is hex. */
function httpChain({ causes, traceId }: JsonObject): ErrorChain | undefined {
  if (!Array.isArray(causes)) {
    return undefined;
  }
  const chain = protobufChain({ causes: causes.map(withParts) });
  if (chain !== undefined && typeof traceId === "string" && /^[0-9a-f]{32}$/.test(traceId)) {
    chain.traceId = fromHex(traceId);
  }
  return chain;
}

/** The parts of a full code. What is a module cannot be seen for sure; it reads the same. */
function withParts(cause: JsonValue): JsonValue {
  if (typeof cause !== "object" || cause === null || Array.isArray(cause)) {
    return cause;
  }
  const [, system = "", module = "", code = ""] =
    /^([A-Z][A-Z0-9]*)_(?:([A-Z][A-Z0-9]{0,31})_)?(.+)$/.exec(String(cause["code"])) ?? [];
  return { ...cause, system, module, code };
}
