import { expect, test } from "vitest";
import { checkRetryOptions } from "./options.js";

test("the defaults", () => {
  expect(checkRetryOptions({})).toEqual({
    maxAttempts: 4,
    initialDelayMs: 50,
    maxDelayMs: 2000,
    multiplier: 2,
    attemptTimeoutMs: Number.POSITIVE_INFINITY,
    minAttemptMs: 10,
    maxTokens: 10,
    tokenRatio: 0.1,
    onRetry: undefined,
  });
});

test("no call gets more than five attempts", () => {
  expect(checkRetryOptions({ maxAttempts: 5 }).maxAttempts).toBe(5);
  expect(checkRetryOptions({ maxAttempts: 100 }).maxAttempts).toBe(5);
  expect(checkRetryOptions({ maxAttempts: 1 }).maxAttempts).toBe(1);
});

test.each([
  [{ maxAttempts: 0 }, /maxAttempts must be a whole number from 1 on, not 0/],
  [{ maxAttempts: 2.5 }, /maxAttempts/],
  [{ initialDelayMs: -1 }, /initialDelayMs must be a number from 0 to \d+, not -1/],
  [{ maxDelayMs: Number.NaN }, /maxDelayMs .* not NaN/],
  [{ maxDelayMs: "2s" }, /maxDelayMs .* not 2s/],
  [{ multiplier: 0.5 }, /multiplier/],
  [{ attemptTimeoutMs: 0 }, /attemptTimeoutMs/],
  [{ attemptTimeoutMs: 2 ** 31 }, /attemptTimeoutMs/],
  [{ minAttemptMs: 0 }, /minAttemptMs/],
  [{ budget: { maxTokens: 0 } }, /budget\.maxTokens/],
  [{ budget: { tokenRatio: -1 } }, /budget\.tokenRatio/],
  [{ onRetry: 5 }, /onRetry must be a function/],
])("%o is refused", (options, message) => {
  expect(() => checkRetryOptions(options as object)).toThrow(message);
});
