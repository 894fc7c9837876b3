import { createRetryInterceptor } from "errchain";
import { describe, expect, onTestFinished, test } from "vitest";
import { type HopsOptions, manners, naiveRetry, startHops } from "./support/retry-hops.ts";

// Five hops, each of which may try four times: what an outage of the last one costs it.

const HOPS = 5;
const MAX_ATTEMPTS = 4;

const ours = (budget = {}) =>
  createRetryInterceptor({
    maxAttempts: MAX_ATTEMPTS,
    initialDelayMs: 2,
    maxDelayMs: 5,
    budget,
  });

async function start(options: Omit<HopsOptions, "hops">) {
  const hops = await startHops({ hops: HOPS, ...options });
  onTestFinished(() => hops.close());
  return hops;
}

test("a naive set-up sends 1,024 attempts", async () => {
  const hops = await start({ retry: () => naiveRetry(MAX_ATTEMPTS) });
  await hops.request();
  expect(hops.seen()).toBe(MAX_ATTEMPTS ** HOPS);
});

describe.each(["answers UNAVAILABLE", "drops every connection"] as const)(
  "the last hop %s",
  (outage) => {
    test.each(manners)("and the others %s: 4 attempts in all", async (manner) => {
      // Tokens without end, so that it is not the budget which keeps the number small.
      const retry = () => ours({ maxTokens: 1_000_000 });
      const hops = await start({ retry, manner, outage });
      for (let request = 1; request <= 3; request++) {
        await hops.request();
        expect(hops.seen()).toBe(request * MAX_ATTEMPTS);
      }
    });

    test("and bare servers, which pass on what they catch: 4 attempts in all", async () => {
      const retry = () => ours({ maxTokens: 1_000_000 });
      const hops = await start({ retry, outage, bareServers: true });
      await hops.request();
      expect(hops.seen()).toBe(MAX_ATTEMPTS);
    });
  },
);

test("never more than 4, also while budgets run out hop by hop, and come back", async () => {
  const retry = () => ours({ maxTokens: 3, tokenRatio: 0.7 });
  const hops = await start({ retry });
  let before = 0;
  for (let request = 0; request < 200; request++) {
    hops.setDown(request % 3 !== 0);
    await hops.request();
    const attempts = hops.seen() - before;
    expect(attempts).toBeLessThanOrEqual(MAX_ATTEMPTS);
    before = hops.seen();
  }
});

test("under an outage at steady load, the last hop sees at most 1.2 times the normal load", async () => {
  const REQUESTS = 200;
  const load = async (down: boolean) => {
    const hops = await start({ retry: ours });
    hops.setDown(down);
    let left = REQUESTS;
    const worker = async () => {
      while (left-- > 0) {
        await hops.request();
      }
    };
    await Promise.all(Array.from({ length: 10 }, worker));
    return hops.seen();
  };
  expect(await load(false)).toBe(REQUESTS);
  const outage = await load(true);
  expect(outage).toBeGreaterThan(REQUESTS); // it does retry
  expect(outage).toBeLessThanOrEqual(1.2 * REQUESTS);
});
