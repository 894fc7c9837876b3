/** The ranges that end now, the shortest first, in milliseconds. */
export const RANGES = {
  "15m": 900_000,
  "1h": 3_600_000,
  "6h": 21_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
  "30d": 2_592_000_000,
} as const;

export type RangeName = keyof typeof RANGES;

const DEFAULT_RANGE: RangeName = "24h";

/** The time range that an address asks for. */
export interface TimeRange {
  /** Undefined where the address gives a start and an end. */
  readonly name: RangeName | undefined;
  readonly start: Date;
  readonly end: Date;
  /** What is wrong with the address, as a sentence. */
  readonly problem?: string;
}

/** Reads `range=6h`, or `from=…&to=…` with times as ISO 8601 writes them. Default: 24 hours. */
export function timeRange(params: URLSearchParams, now: Date): TimeRange {
  const range = params.get("range");
  const from = params.get("from");
  const to = params.get("to");
  if (from !== null || to !== null) {
    const start = new Date(from ?? Number.NaN);
    const end = to === null ? now : new Date(to);
    if (start < end) {
      return { name: undefined, start, end };
    }
    const problem = `The address asks for the time from “${from ?? ""}” to “${to ?? "now"}”, which is not a range.`;
    return { ...endingNow(DEFAULT_RANGE, now), problem };
  }
  if (range === null || isRangeName(range)) {
    return endingNow(range ?? DEFAULT_RANGE, now);
  }
  const problem = `The address asks for the range “${range}”. There are ${Object.keys(RANGES).join(", ")}.`;
  return { ...endingNow(DEFAULT_RANGE, now), problem };
}

function endingNow(name: RangeName, now: Date): TimeRange {
  return { name, start: new Date(now.getTime() - RANGES[name]), end: now };
}

export function isRangeName(text: string): text is RangeName {
  return Object.hasOwn(RANGES, text);
}

/** The query values of a range that ends now. */
export function rangeParams(name: RangeName): Record<string, string | undefined> {
  return { range: name === DEFAULT_RANGE ? undefined : name, from: undefined, to: undefined };
}

/** The query values of a range with a fixed start and end. */
export function fixedRangeParams(start: Date, end: Date): Record<string, string | undefined> {
  return { range: undefined, from: start.toISOString(), to: end.toISOString() };
}

/** The next shorter (-1) or longer (1) range that ends now. */
export function neighbour(name: RangeName | undefined, step: -1 | 1): RangeName {
  const names = Object.keys(RANGES).filter(isRangeName);
  const index = names.indexOf(name ?? DEFAULT_RANGE) + step;
  return names[Math.min(Math.max(index, 0), names.length - 1)] ?? DEFAULT_RANGE;
}
