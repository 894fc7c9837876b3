import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffMs } from "./backoff.js";

const schedule = { initialDelayMs: 50, maxDelayMs: 2000, multiplier: 2 };

const arbitrarySchedule = fc.record({
  initialDelayMs: fc.nat({ max: 10_000 }),
  maxDelayMs: fc.nat({ max: 10_000 }),
  multiplier: fc.double({ min: 1, max: 10, noNaN: true }),
});
const arbitraryRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const arbitraryStep = fc.integer({ min: 1, max: 5 });

describe("backoffMs", () => {
  test("grows by the multiplier up to the longest wait", () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8].map((step) => backoffMs(schedule, step, 0, 1));
    expect(longest).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
  });

  test("is anything from nothing to the ceiling, evenly", () => {
    expect([0, 0.25, 0.5, 1].map((random) => backoffMs(schedule, 3, 0, random))).toEqual([
      0, 50, 100, 200,
    ]);
  });

  test("full jitter stays within its bounds, for any schedule", () => {
    fc.assert(
      fc.property(arbitrarySchedule, arbitraryStep, arbitraryRandom, (any, step, random) => {
        const ms = backoffMs(any, step, 0, random);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(any.maxDelayMs);
        expect(ms).toBeLessThanOrEqual(any.initialDelayMs * any.multiplier ** (step - 1));
      }),
    );
  });

  test("is never less than what the peer asks for, unless that is above the cap, and never without jitter", () => {
    fc.assert(
      fc.property(
        arbitrarySchedule,
        arbitraryStep,
        fc.nat({ max: 1_000_000 }),
        arbitraryRandom,
        (any, step, peerDelayMs, random) => {
          const ms = backoffMs(any, step, peerDelayMs, random);
          const least = Math.min(peerDelayMs, any.maxDelayMs);
          expect(ms).toBeGreaterThanOrEqual(least);
          expect(ms).toBeLessThanOrEqual(1.5 * any.maxDelayMs + 1e-6);
          const spread =
            backoffMs(any, step, peerDelayMs, 1) - backoffMs(any, step, peerDelayMs, 0);
          expect(spread).toBeGreaterThanOrEqual(least / 2 - 1e-6);
        },
      ),
    );
  });
});
