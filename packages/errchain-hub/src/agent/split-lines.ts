/** A line of a chunk, and where in the chunk it begins. */
export interface Line {
  readonly start: number;
  readonly text: string;
}

/** What a chunk of a file holds. */
export interface SplitLines {
  readonly lines: readonly Line[];
  /** How many bytes are done with; the rest is the beginning of a line that goes on. */
  readonly consumed: number;
  /** Whether the chunk ends within a line that is too long. */
  readonly isInLongLine: boolean;
}

/** Of longer lines, only the beginning is read. */
export const MAX_LINE_BYTES = 64 * 1024;

/** Where a chunk is in its file. */
export interface ChunkPlace {
  /** Whether the file begins with it: a byte order mark there is no text. */
  readonly isStart: boolean;
  /** Whether it begins within a line that is too long. */
  readonly isInLongLine: boolean;
  /** Whether nobody writes behind it any more: its last line needs no line break. */
  readonly isEnd: boolean;
}

/** Splits a chunk into lines, which end with LF or CRLF. */
export function splitLines(
  chunk: Buffer,
  { isStart, isInLongLine, isEnd }: ChunkPlace,
): SplitLines {
  const lines: Line[] = [];
  let start = 0;
  let skipping = isInLongLine;
  while (start < chunk.length) {
    const end = chunk.indexOf(0x0a, start);
    const length = (end === -1 ? chunk.length : end) - start;
    const isComplete = end !== -1 || isEnd;
    if (skipping) {
      start += length + 1;
      skipping = end === -1;
      continue;
    }
    if (!isComplete && length < MAX_LINE_BYTES) {
      break;
    }
    const text = chunk.toString("utf8", start, start + Math.min(length, MAX_LINE_BYTES));
    const withoutMark = isStart && start === 0 ? text.replace(/^\uFEFF/, "") : text;
    lines.push({ start, text: withoutMark.replace(/\r$/, "") });
    start += length + 1;
    skipping = !isComplete;
  }
  return { lines, consumed: Math.min(start, chunk.length), isInLongLine: skipping };
}
