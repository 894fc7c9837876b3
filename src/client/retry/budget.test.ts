import { expect, test } from "vitest";
import { createBudgets } from "./budget.js";

const budgetOf = createBudgets({ maxTokens: 10, tokenRatio: 0.5 });

test("no retry is allowed with half of the tokens or less, and successes give tokens back", () => {
  const budget = budgetOf("http://a");
  const allowed = Array.from({ length: 6 }, () => {
    budget.onFailure();
    return budget.allowsRetry();
  });
  expect(allowed).toEqual([true, true, true, true, false, false]); // 9, 8, 7, 6, 5, 4
  budget.onSuccess(); // 4.5
  budget.onSuccess(); // 5
  expect(budget.allowsRetry()).toBe(false);
  budget.onSuccess(); // 5.5
  expect(budget.allowsRetry()).toBe(true);
});

test("a peer has at most what it began with, and at least nothing", () => {
  const budget = budgetOf("http://b");
  for (let n = 0; n < 100; n++) {
    budget.onSuccess();
  }
  for (let n = 0; n < 5; n++) {
    budget.onFailure();
  }
  expect(budget.allowsRetry()).toBe(false);
  for (let n = 0; n < 100; n++) {
    budget.onFailure();
  }
  for (let n = 0; n < 11; n++) {
    budget.onSuccess(); // 5.5
  }
  expect(budget.allowsRetry()).toBe(true);
});

test("each peer has its own", () => {
  const budget = budgetOf("http://c");
  for (let n = 0; n < 5; n++) {
    budget.onFailure();
  }
  expect(budgetOf("http://c").allowsRetry()).toBe(false);
  expect(budgetOf("http://d").allowsRetry()).toBe(true);
});
