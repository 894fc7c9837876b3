const encoder = new TextEncoder();

/** How many bytes a text takes in UTF-8. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

/**
 * Cuts a text to at most `maxBytes` bytes of UTF-8 between two characters. A cut
 * text ends with "…", where there is room for it.
 */
export function truncateUtf8(text: string, maxBytes: number): string {
  const fits =
    text.length * 3 <= maxBytes || (text.length <= maxBytes && utf8Length(text) <= maxBytes);
  if (fits) {
    return text;
  }
  const mark = maxBytes >= ELLIPSIS_BYTES ? "…" : "";
  const room = Math.max(maxBytes - (mark === "" ? 0 : ELLIPSIS_BYTES), 0);
  // encodeInto() never writes a part of a character, and says how far it came.
  const { read } = encoder.encodeInto(text, new Uint8Array(room));
  return text.slice(0, read) + mark;
}

const ELLIPSIS_BYTES = 3;
