// One call of getRandomValues() costs more than the few bytes it is asked for, and a
// text of many digits is put together fastest as bytes: both are made in bulk.
const POOL_DIGITS = 4096;
let digits = "";
let used = 0;

/** Random bytes as hex digits, never all zero, for trace and span IDs. */
export function randomHex(byteLength: number): string {
  const length = 2 * byteLength;
  if (used + length > digits.length) {
    digits = randomDigits();
    used = 0;
  }
  const hex = digits.slice(used, used + length);
  used += length;
  return isZero(hex) ? randomHex(byteLength) : hex;
}

function randomDigits(): string {
  const codes = crypto.getRandomValues(new Uint8Array(POOL_DIGITS));
  for (let index = 0; index < codes.length; index++) {
    codes[index] = HEX_DIGITS.charCodeAt((codes[index] as number) & 0x0f);
  }
  return new TextDecoder().decode(codes);
}

const HEX_DIGITS = "0123456789abcdef";

/** Whether an ID is all zero, which W3C Trace Context calls invalid. */
export function isZero(hex: string): boolean {
  return hex.charCodeAt(0) === 0x30 && !/[^0]/.test(hex);
}
