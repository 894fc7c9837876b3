/**
 * A time in microseconds since 1970 that JavaScript and the database both hold
 * exactly: whole, and between the years 1684 and 2255. Other times are moved to the
 * nearest of these.
 */
export function storableUs(us: number): number {
  return Math.trunc(Math.min(Math.max(us, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER));
}
