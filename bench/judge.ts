import { type Metric, noiseIn, ratioOf, rowOf, type Section, valuesOf } from "./result.ts";
import { median } from "./statistics.ts";

/** One promise, in one place where it should hold. */
export interface Bar {
  readonly what: string;
  /** The protocol and the place; empty for work without a network. */
  readonly where: string;
  readonly holds: "at most" | "at least" | "less than";
  readonly limit: number;
  readonly unit: "×" | "ns" | "bytes";
  /** Null where a row that it needs is missing. */
  readonly value: number | null;
  /** How far the value may be off by chance, as the A/A row of the same section says. */
  readonly noise: number;
  readonly verdict: Verdict;
}

/** `"within noise"`: missed, but by no more than two rows may differ that are the same. */
export type Verdict = "pass" | "within noise" | "FAIL" | "not measured";

/** A value and its noise; undefined where a row is missing. */
export type Measured = readonly [value: number, noise: number] | undefined;

/** How many times another row's figure a row's is. */
export function ratio(section: Section, name: string, base: string, metric: Metric): Measured {
  const row = rowOf(section, name);
  const below = rowOf(section, base);
  return row && below && [ratioOf(row, below, metric), noiseIn(section, metric)];
}

/** What a row costs over a base, as a share of what another one costs over it. */
export function overheadShare(
  section: Section,
  name: string,
  other: string,
  base: string,
  metric: Metric,
): Measured {
  const [own, theirs] = [ratio(section, name, base, metric), ratio(section, other, base, metric)];
  return own && theirs && quotient([own[0] - 1, own[1]], [theirs[0] - 1, theirs[1]]);
}

/** What a row costs over a base, in nanoseconds. */
export function overNs(section: Section, name: string, base: string): Measured {
  const row = rowOf(section, name);
  const below = rowOf(section, base);
  if (row === undefined || below === undefined) {
    return undefined;
  }
  const belowNs = median(valuesOf(below, "ns"));
  return [median(valuesOf(row, "ns")) - belowNs, noiseIn(section, "ns") * belowNs];
}

/** One value by another, with what the noise of both comes to. */
export function quotient(a: Measured, b: Measured): Measured {
  return a && b && [a[0] / b[0], (a[1] + Math.abs(a[0] / b[0]) * b[1]) / Math.abs(b[0])];
}

/** Judges a promise. */
export function judge(bar: Omit<Bar, "value" | "noise" | "verdict">, measured: Measured): Bar {
  if (measured === undefined || Number.isNaN(measured[0])) {
    return { ...bar, value: null, noise: 0, verdict: "not measured" };
  }
  const [value, noise] = measured;
  const { holds, limit } = bar;
  // By how much it is missed; negative where there is room.
  const missed = holds === "at least" ? limit - value : value - limit;
  const holdsTrue = missed < 0 || (missed === 0 && holds !== "less than");
  const verdict = holdsTrue ? "pass" : missed <= noise ? "within noise" : "FAIL";
  return { ...bar, value, noise, verdict };
}
