import { describe, expect, test } from "vitest";
import type { Failure } from "./failure.js";
import { countsForBudget, type RetrySituation, whyNoRetry } from "./policy.js";

const facts = {
  doNotRetry: false,
  pushedBack: false,
  attempts: 0,
  delayMs: 0,
  retry: false,
  hasDelay: false,
};
const failure: Failure = { facts, unprocessed: false, transient: true };
const situation: RetrySituation = {
  attempt: 1,
  maxAttempts: 4,
  idempotent: true,
  isRetriedAbove: false,
  delayMs: 50,
  minAttemptMs: 10,
  remainingMs: 1000,
  budgetAllows: true,
};

const withFacts = (changed: Partial<Failure["facts"]>): Failure => ({
  ...failure,
  facts: { ...facts, ...changed },
});

describe("whyNoRetry", () => {
  test.each([
    ["a transient failure of an idempotent method", undefined, failure, {}],
    ["somebody says DO_NOT_RETRY", "do-not-retry", withFacts({ doNotRetry: true }), {}],
    ["a hop below has retried", "retried-below", withFacts({ attempts: 2 }), {}],
    ["a hop below has made one attempt", undefined, withFacts({ attempts: 1 }), {}],
    ["a hop above retries", "retried-above", failure, { isRetriedAbove: true }],
    ["another kind of failure", "not-transient", { ...failure, transient: false }, {}],
    ["a method that may change something", "not-idempotent", failure, { idempotent: false }],
    ["its error code says RETRY", undefined, withFacts({ retry: true }), { idempotent: false }],
    [
      "the request never reached the peer",
      undefined,
      { ...failure, unprocessed: true },
      { idempotent: false },
    ],
    [
      "the peer only says when to come again",
      "not-idempotent",
      withFacts({ delayMs: 5, hasDelay: true }),
      { idempotent: false },
    ],
    ["the peer has pushed back", "pushed-back", withFacts({ pushedBack: true }), {}],
    ["the third attempt of four", undefined, failure, { attempt: 3 }],
    ["the fourth attempt of four", "attempts-used-up", failure, { attempt: 4 }],
    ["just enough time", undefined, failure, { remainingMs: 60 }],
    ["too little time", "no-time", failure, { remainingMs: 59.9 }],
    ["no budget", "no-budget", failure, { budgetAllows: false }],
  ] as const)("%s: %s", (_, expected, failed, changed) => {
    expect(whyNoRetry(failed, { ...situation, ...changed })).toBe(expected);
  });

  test("nothing helps against DO_NOT_RETRY, and a retry below", () => {
    for (const forbidden of [{ doNotRetry: true }, { attempts: 4 }, { pushedBack: true }]) {
      const failed = { ...withFacts({ ...forbidden, retry: true }), unprocessed: true };
      expect(whyNoRetry(failed, situation)).toBeDefined();
    }
  });
});

test("the budget pays for trouble of the peer, not for wrong requests", () => {
  expect(countsForBudget(failure)).toBe(true);
  expect(countsForBudget({ ...failure, transient: false })).toBe(false);
  expect(countsForBudget({ ...withFacts({ doNotRetry: true }), transient: false })).toBe(false);
  expect(countsForBudget({ ...withFacts({ pushedBack: true }), transient: false })).toBe(true);
});
