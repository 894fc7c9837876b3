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
  for (let i = 0; i < bytes.length; i++) {
    const high = VALUES[hex.charCodeAt(2 * i)] as number;
    bytes[i] = (high << 4) | (VALUES[hex.charCodeAt(2 * i + 1)] as number);
  }
  return bytes;
}

/** The value of each digit, by its character code. */
const VALUES = new Uint8Array(128);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  VALUES[digit.charCodeAt(0)] = value;
  VALUES[digit.toUpperCase().charCodeAt(0)] = value;
}
