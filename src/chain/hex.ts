/** Each byte as two hex digits: looked up, because trace and span IDs are made for every call. */
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Bytes as lower-case hex digits, the form in which trace and span IDs are written. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) {
    hex += DIGITS[byte];
  }
  return hex;
}

/** Hex digits as bytes. The text must have an even number of hex digits, in lower or upper case. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  writeHex(hex, bytes, 0);
  return bytes;
}

/** Writes hex digits as bytes to a place in others. */
export function writeHex(hex: string, bytes: Uint8Array, pos: number): void {
  for (let index = 0; index < hex.length / 2; index++) {
    bytes[pos + index] = byteAt(hex, index);
  }
}

/** Whether hex digits, in lower or upper case, stand for the bytes at a place. */
export function isHexAt(hex: string, bytes: Uint8Array, pos: number): boolean {
  for (let index = 0; index < hex.length / 2; index++) {
    if (bytes[pos + index] !== byteAt(hex, index)) {
      return false;
    }
  }
  return true;
}

function byteAt(hex: string, index: number): number {
  return (digit(hex.charCodeAt(2 * index)) << 4) | digit(hex.charCodeAt(2 * index + 1));
}

/** The value of a digit by its character code: `0` is 0x30, `A` 0x41, `a` 0x61. */
function digit(code: number): number {
  return code < 0x3a ? code - 0x30 : (code & 0x0f) + 9;
}
