// One call of getRandomValues() costs more than the few bytes it is asked for, and a
// text of many digits is put together fastest as bytes: both are made in bulk.
const POOL_BYTES = 2048;
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
  return isZeroAt(hex, 0, length) ? randomHex(byteLength) : hex;
}

function randomDigits(): string {
  const random = crypto.getRandomValues(new Uint8Array(POOL_BYTES));
  const pairs = new Uint16Array(POOL_BYTES);
  for (let index = 0; index < POOL_BYTES; index++) {
    pairs[index] = PAIRS[random[index] as number] as number;
  }
  return new TextDecoder().decode(pairs);
}

/** The two digits of each byte, in either order: of random digits, no order is another. */
const PAIRS = Uint16Array.from({ length: 256 }, (_, byte) => {
  const [high, low] = byte.toString(16).padStart(2, "0");
  return ((high as string).charCodeAt(0) << 8) | (low as string).charCodeAt(0);
});

/** Whether nothing but zeros stand there: an ID that W3C Trace Context calls invalid. */
export function isZeroAt(text: string, from: number, to: number): boolean {
  let index = from;
  while (index < to && text.charCodeAt(index) === ZERO) {
    index++;
  }
  return index === to;
}

const ZERO = 0x30;
