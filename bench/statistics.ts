/** A median and the quartiles around it. */
export interface Spread {
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
}

/**
 * The value below which the given share of the values lies, between two values by
 * their distance. NaN of no values, so that a gap is seen and not taken for a zero.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), q1: quantile(values, 0.25), q3: quantile(values, 0.75) };
}

/**
 * How far from 1 a ratio of two things that are the same may be: what an A/A row
 * says of a run. It is the larger of how far its own median is off, and how far
 * medians of so many values with this spread are off by chance (the notch of a box
 * plot, McGill, Tukey and Larsen 1978).
 */
export function noiseOf(ratios: readonly number[]): number {
  const { median: middle, q1, q3 } = spread(ratios);
  const notch = (1.57 * (q3 - q1)) / Math.sqrt(ratios.length);
  return Math.max(Math.abs(middle - 1), notch);
}
