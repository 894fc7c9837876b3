import type { PlacedBytes } from "./find-bytes.js";

/** The bytes that a text has as Python prints them, b'\x08\t…': so it shows the metadata of a call. */
export function* pythonBytesIn(text: string): Iterable<PlacedBytes> {
  for (const { 0: match, 1: single, 2: double = "", index } of text.matchAll(PYTHON_BYTES)) {
    const chars = (single ?? double).replaceAll(ESCAPED, (_, hex?: string, char = "") =>
      hex === undefined ? (SHORT[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
    yield { bytes: Buffer.from(chars, "latin1"), at: index, end: index + match.length };
  }
}

const PYTHON_BYTES = /\bb(?:'((?:[^'\\\r\n]|\\.){16,100000})|"((?:[^"\\\r\n]|\\.){16,100000}))/g;

const ESCAPED = /\\(?:x([0-9a-f]{2})|(.))/g;

const SHORT: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
