// IDs that differ from call to call: HTTP/2 remembers the headers of a connection, and
// would shrink anything that is always the same to a few bytes.

import { randomBytes } from "node:crypto";

const HEX_DIGITS = 16_384;
let pool = "";
let used = 0;

/** Random hex digits. Fetched in bulk: a call for few bytes costs more than the bytes. */
export function hexDigits(count: number): string {
  if (used + count > pool.length) {
    pool = randomBytes(HEX_DIGITS / 2).toString("hex");
    used = 0;
  }
  const digits = pool.slice(used, used + count);
  used += count;
  return digits;
}
