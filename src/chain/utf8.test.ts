import fc from "fast-check";
import { expect, test } from "vitest";
import { truncateUtf8, utf8Length } from "./utf8.js";

test("truncateUtf8 keeps to the limit and cuts between characters", () => {
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(text, fc.nat({ max: 40 }), (whole, maxBytes) => {
      const cut = truncateUtf8(whole, maxBytes);
      expect(utf8Length(cut)).toBeLessThanOrEqual(maxBytes);
      expect(cut.isWellFormed()).toBe(true);
      if (utf8Length(whole) <= maxBytes) {
        expect(cut).toBe(whole);
      } else {
        expect(whole.startsWith(cut.replace(/…$/, ""))).toBe(true);
        expect(cut.endsWith("…")).toBe(maxBytes >= 3);
        expect(utf8Length(cut)).toBeGreaterThan(maxBytes - 4);
      }
    }),
    { numRuns: 1000 },
  );
});
