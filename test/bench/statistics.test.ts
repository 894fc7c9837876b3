import { describe, expect, test } from "vitest";
import { alternate, roundOrder } from "../../bench/abba.ts";
import { figuresOf } from "../../bench/load.ts";
import { median, noiseOf, quantile, spread } from "../../bench/statistics.ts";

describe("quantiles", () => {
  test("of odd, even, one and no values", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
    expect(spread([5, 4, 3, 2, 1])).toEqual({ median: 3, q1: 2, q3: 4 });
    expect(quantile([10, 20], 0.25)).toBe(12.5);
  });

  test("sort by size, and leave the values as they are", () => {
    const values = [10, 9, 100];
    expect(median(values)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });
});

describe("noise", () => {
  test("is how far the median of an A/A row is off", () => {
    expect(noiseOf([1.1, 1.1, 1.1, 1.1])).toBeCloseTo(0.1);
    expect(noiseOf([0.9, 0.9])).toBeCloseTo(0.1);
  });

  test("is never less than what chance gives", () => {
    expect(noiseOf([0.9, 1, 1, 1.1])).toBeCloseTo((1.57 * 0.05) / 2);
    const four = [0.8, 0.9, 1.1, 1.2];
    expect(noiseOf([...four, ...four, ...four, ...four])).toBeLessThan(noiseOf(four));
  });
});

describe("ABBA", () => {
  test("runs forwards and backwards, beginning with another task in each round", () => {
    expect(roundOrder(3, 0)).toEqual([0, 1, 2, 2, 1, 0]);
    expect(roundOrder(3, 1)).toEqual([1, 2, 0, 0, 2, 1]);
    expect(roundOrder(3, 3)).toEqual(roundOrder(3, 0));
  });

  test("cancels a steady drift in every ratio", async () => {
    let clock = 0;
    const costs = [100, 200, 300];
    const results = await alternate(
      costs,
      4,
      async (cost) => cost * (1 + 0.001 * clock++),
      () => {},
    );
    expect(results.map((rounds) => rounds.length)).toEqual([4, 4, 4]);
    for (const round of [0, 1, 2, 3]) {
      const [a, b, c] = results.map((rounds) => {
        const [first = 0, second = 0] = rounds[round] ?? [];
        return first + second;
      }) as [number, number, number];
      expect(b / a).toBeCloseTo(2, 10);
      expect(c / a).toBeCloseTo(3, 10);
    }
  });

  test("tells of each round when it is over", async () => {
    const told: number[] = [];
    await alternate(
      ["a"],
      2,
      async () => 0,
      (round) => told.push(round),
    );
    expect(told).toEqual([1, 2]);
  });
});

test("two slices become one set of figures, weighed by their calls", () => {
  const figures = figuresOf([
    { calls: 100, wallMs: 100, cpuUs: 50_000, latencyUs: 900 },
    { calls: 300, wallMs: 100, cpuUs: 90_000, latencyUs: 300 },
  ]);
  expect(figures).toEqual({ latencyUs: 600, cpuUs: 350, callsPerSecond: 2000 });
});
