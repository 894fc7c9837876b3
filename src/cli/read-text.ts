/**
 * The text of a file, in the encoding that its byte order mark says: PowerShell of Windows
 * writes UTF-16 with ">". Without a mark, it is UTF-8.
 */
export function readText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe
      ? "utf-16le"
      : first === 0xfe && second === 0xff
        ? "utf-16be"
        : "utf-8";
  return new TextDecoder(encoding).decode(bytes); // leaves the mark out
}
