import { toHex } from "../chain/hex.js";

// One call of getRandomValues() costs more than the few bytes it is asked for,
// so they are fetched in bulk.
const pool = new Uint8Array(2048);
let used = pool.length;

/** Random bytes as hex digits, never all zero, for trace and span IDs. */
export function randomHex(byteLength: number): string {
  if (used + byteLength > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const hex = toHex(pool.subarray(used, used + byteLength));
  used += byteLength;
  return isZero(hex) ? randomHex(byteLength) : hex;
}

/** Whether an ID is all zero, which W3C Trace Context calls invalid. */
export function isZero(hex: string): boolean {
  return hex.startsWith("0000") && !/[^0]/.test(hex);
}
