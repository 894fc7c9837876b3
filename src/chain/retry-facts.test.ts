import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema, RetryAdvice } from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryRetryChain, withUnknownFields } from "../../test/support/arbitrary-chain.js";
import { boundChain } from "./bound.js";
import { chainDetail } from "./error-chain.js";
import { combineRetryFacts, forbidRetry, retryFactsOf, retryFactsOfChain } from "./retry-facts.js";
import { encodeRetryInfo, RETRY_INFO } from "./retry-info.js";

const { RETRY, DO_NOT_RETRY } = RetryAdvice;

describe("the facts of a chain", () => {
  test("are those of all its causes, also in bytes of a newer version", () => {
    fc.assert(
      fc.property(arbitraryRetryChain(40), (chain) => {
        const retries = chain.causes.flatMap(({ retry }) => retry ?? []);
        for (const bytes of [toBinary(ErrorChainSchema, chain), withUnknownFields(chain)]) {
          const facts = retryFactsOfChain(bytes);
          expect(facts.doNotRetry).toBe(retries.some(({ advice }) => advice === DO_NOT_RETRY));
          expect(facts.attempts).toBe(Math.max(0, ...retries.map(({ attempts }) => attempts)));
          const delays = retries.map(({ delay }) =>
            delay ? Number(delay.seconds) * 1000 + delay.nanos / 1e6 : 0,
          );
          expect(facts.delayMs).toBeCloseTo(Math.max(0, ...delays), 6);
        }
      }),
    );
  });

  test("forbid what they forbade, however small the chain is made", () => {
    fc.assert(
      fc.property(arbitraryRetryChain(60), fc.integer({ min: 400, max: 5500 }), (chain, max) => {
        const before = retryFactsOfChain(toBinary(ErrorChainSchema, chain));
        const after = retryFactsOfChain(toBinary(ErrorChainSchema, boundChain(chain, max)));
        expect(after.doNotRetry).toBe(before.doNotRetry);
        expect(after.attempts).toBe(before.attempts);
      }),
      { numRuns: 300 },
    );
  });

  test("can be read of any bytes without an error", () => {
    fc.assert(
      fc.property(arbitraryRetryChain(5), fc.nat(), fc.nat({ max: 255 }), (chain, at, value) => {
        const bytes = toBinary(ErrorChainSchema, chain);
        bytes[at % bytes.length] = value;
        expect(retryFactsOfChain(bytes)).toBeDefined();
        expect(retryFactsOfChain(bytes.subarray(0, at % bytes.length))).toBeDefined();
      }),
    );
  });
});

describe("the facts of an error", () => {
  const retryAfter = (value: string, pushback?: string) => {
    const error = errorWith(undefined, undefined, pushback);
    error.metadata.set("retry-after", value);
    return error;
  };
  function errorWith(chain: object | undefined, info?: Uint8Array, pushback?: string) {
    const error = new ConnectError("x", Code.Unavailable);
    if (chain !== undefined) {
      const message = create(ErrorChainSchema, { causes: [chain] });
      error.details.push(chainDetail(toBinary(ErrorChainSchema, message)));
    }
    if (info !== undefined) {
      error.details.push({ type: RETRY_INFO, value: info });
    }
    if (pushback !== undefined) {
      error.metadata.set("grpc-retry-pushback-ms", pushback);
    }
    return error;
  }
  const nothing = {
    doNotRetry: false,
    pushedBack: false,
    attempts: 0,
    delayMs: 0,
    retry: false,
    hasDelay: false,
  };
  const seconds = (n: bigint) => encodeRetryInfo({ seconds: n, nanos: 0 });

  test.each([
    ["nothing", errorWith(undefined), {}],
    [
      "the longest delay",
      errorWith(undefined, seconds(3n), "2000"),
      { delayMs: 3000, hasDelay: true },
    ],
    ["a pushback", errorWith(undefined, seconds(1n), "2000"), { delayMs: 2000, hasDelay: true }],
    ["a pushback of 0", errorWith(undefined, undefined, "0"), { hasDelay: true }],
    ["a negative pushback", errorWith(undefined, undefined, "-1"), { pushedBack: true }],
    ["a pushback that is no number", errorWith(undefined, undefined, "1e3"), { pushedBack: true }],
    ["an empty pushback", errorWith(undefined, undefined, ""), { pushedBack: true }],
    ["seconds of HTTP", retryAfter("3"), { delayMs: 3000, hasDelay: true }],
    ["no seconds of HTTP", retryAfter("0"), { hasDelay: true }],
    [
      "a date of HTTP that is over",
      retryAfter("Thu, 26 Nov 2026 08:00:00 GMT"),
      { hasDelay: true },
    ],
    ["HTTP that is no time", retryAfter("soon"), {}],
    ["a pushback before HTTP", retryAfter("3", "70"), { delayMs: 70, hasDelay: true }],
    ["a pushback of never before HTTP", retryAfter("3", "-1"), { pushedBack: true }],
    ["a negative RetryInfo", errorWith(undefined, seconds(-5n)), { hasDelay: true }],
    ["an unreadable RetryInfo", errorWith(undefined, Uint8Array.of(0x0a, 9)), {}],
    [
      "a RetryInfo with more than we know",
      errorWith(undefined, new BinaryWriter().tag(7, 0).uint32(1).raw(seconds(1n)).finish()),
      { delayMs: 1000, hasDelay: true },
    ],
    [
      "the advice of the nearest cause",
      errorWith({ system: "A", code: "1", retry: { advice: RETRY } }),
      { retry: true },
    ],
  ])("%s", (_, error, expected) => {
    expect(retryFactsOf(error)).toEqual({ ...nothing, ...expected });
  });
});

test("a date of HTTP is waited for", () => {
  const inAMinute = new Date(Date.now() + 60_000).toUTCString();
  const error = new ConnectError("x", Code.Unavailable, { "retry-after": inAMinute });
  const { delayMs } = retryFactsOf(error);
  expect(delayMs).toBeGreaterThan(50_000);
  expect(delayMs).toBeLessThanOrEqual(60_000);
});

test("several facts forbid what one of them forbids", () => {
  const none = { doNotRetry: false, pushedBack: false, attempts: 1, delayMs: 5 };
  expect(forbidRetry(combineRetryFacts([]))).toBe(false);
  expect(forbidRetry(combineRetryFacts([none, none]))).toBe(false);
  for (const one of [{ doNotRetry: true }, { pushedBack: true }, { attempts: 2 }]) {
    expect(forbidRetry(combineRetryFacts([none, { ...none, ...one }, none]))).toBe(true);
  }
});
