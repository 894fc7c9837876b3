/** The longest google.protobuf.Duration there is, about 10,000 years: no peer could read a longer delay. */
export const LONGEST_DELAY = { seconds: 315_576_000_000n, nanos: 999_999_999 };

/** `LONGEST_DELAY` in whole milliseconds. */
export const LONGEST_DELAY_MS = 315_576_000_000_999;
