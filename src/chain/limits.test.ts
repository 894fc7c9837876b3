import { describe, expect, test } from "vitest";
import { chainBudget, DEFAULT_MAX_BYTES } from "./limits.js";

describe("chainBudget", () => {
  test("is all that is configured behind a short message, and never nothing", () => {
    expect(chainBudget(DEFAULT_MAX_BYTES, "x".repeat(128))).toBe(DEFAULT_MAX_BYTES);
    expect(chainBudget(DEFAULT_MAX_BYTES, "é".repeat(5_000))).toBe(1024);
    expect(chainBudget(300, "é".repeat(50_000_000))).toBe(300);
  });

  test("does not look at a message that fills the trailers by itself", () => {
    const huge = "没".repeat(60_000_000); // percent-encoded longer than a string may be
    expect(chainBudget(DEFAULT_MAX_BYTES, huge)).toBe(1024); // it threw
  });
});
