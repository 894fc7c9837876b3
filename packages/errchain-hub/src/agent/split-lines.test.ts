import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_LINE_BYTES, splitLines } from "./split-lines.js";

/** Reads a text in chunks as a file is read that grows. */
function readInChunks(text: string, sizes: readonly number[]): [number, string][] {
  const file = Buffer.from(text);
  const found: [number, string][] = [];
  let offset = 0;
  let known = 0;
  let isInLongLine = false;
  for (const size of [...sizes, file.length]) {
    known = Math.min(file.length, known + size);
    const split = splitLines(file.subarray(offset, known), {
      isStart: offset === 0,
      isInLongLine,
      isEnd: known === file.length,
    });
    found.push(...split.lines.map(({ start, text }): [number, string] => [offset + start, text]));
    offset += split.consumed;
    isInLongLine = split.isInLongLine;
  }
  return found;
}

test("however a file is read, its lines and their places are the same", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 5, unit: "binary" }).map((text) => text.replaceAll("\n", "")),
    fc.constant("x".repeat(MAX_LINE_BYTES + 10)),
  );
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 5 }),
      fc.array(fc.oneof(fc.nat(10), fc.nat(MAX_LINE_BYTES)), { maxLength: 8 }),
      fc.boolean(),
      (lines, sizes, endsWithBreak) => {
        const text = lines.join("\n") + (endsWithBreak ? "\n" : "");
        const expected = readInChunks(text, []);
        expect(readInChunks(text, sizes)).toEqual(expected);
        const bytes = Buffer.from(text).toString("utf8").split("\n");
        if (bytes.at(-1) === "") bytes.pop();
        expect(expected.map(([, line]) => line)).toEqual(
          bytes.map((line, index) =>
            (index === 0 ? line.replace(/^\uFEFF/, "") : line)
              .slice(0, MAX_LINE_BYTES)
              .replace(/\r$/, ""),
          ),
        );
      },
    ),
  );
});

test("lines of Windows: CRLF, and a byte order mark at the beginning of the file only", () => {
  const text = "\uFEFFone\r\n\uFEFFtwo\r\n\r\nth\rree\r";
  const expected = ["one", "\uFEFFtwo", "", "th\rree"];
  for (const sizes of [[], [1, 1, 1, 1, 1, 1, 1, 1]]) {
    expect(readInChunks(text, sizes).map(([, line]) => line)).toEqual(expected);
  }
});
