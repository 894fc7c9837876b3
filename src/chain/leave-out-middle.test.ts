import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Cause,
  ErrorChainSchema,
  RetryAdvice,
  RetrySchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import {
  arbitraryChain,
  withUnknownFields,
  withUnknownFieldsInCauses,
} from "../../test/support/arbitrary-chain.js";
import { boundChain } from "./bound.js";
import { leaveOutMiddle } from "./leave-out-middle.js";
import { MAX_CAUSES } from "./limits.js";

const traceId = new Uint8Array(16).fill(7);

/** A chain of causes that each follow from the next. */
function plainChain(causes: readonly Partial<Pick<Cause, "message" | "elided" | "args">>[]) {
  return create(ErrorChainSchema, {
    causes: causes.map((said, n) => ({
      ...said,
      system: "SYSTEM",
      code: String(100 + n),
      branches: n < causes.length - 1 ? 1 : 0,
      inferred: n % 2 === 0,
    })),
    traceId,
  });
}

const arbitraryPlain = fc
  .array(
    fc.record({
      message: fc.string({ maxLength: 60 }),
      args: fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.string(), { maxKeys: 2 }),
      elided: fc.oneof(fc.constant(0), fc.nat({ max: 300 })),
    }),
    { minLength: 3, maxLength: 60 },
  )
  .map(plainChain);

test("leaves what boundChain() leaves, of plain chains", () => {
  let shortened = 0;
  fc.assert(
    fc.property(arbitraryPlain, fc.integer({ min: 200, max: 5500 }), (chain, maxBytes) => {
      const left = leaveOutMiddle(toBinary(ErrorChainSchema, chain), maxBytes);
      if (left !== undefined) {
        shortened++;
        expect(left.length).toBeLessThanOrEqual(maxBytes);
        expect(fromBinary(ErrorChainSchema, left)).toEqual(boundChain(chain, maxBytes));
      }
    }),
    { numRuns: 500 },
  );
  expect(shortened).toBeGreaterThan(250);
});

test("one cause too many costs one cause", () => {
  const chain = plainChain(Array.from({ length: MAX_CAUSES + 1 }, () => ({ message: "no" })));
  const left = leaveOutMiddle(toBinary(ErrorChainSchema, chain), 5500) ?? new Uint8Array();
  const { causes } = fromBinary(ErrorChainSchema, left);
  expect(causes).toHaveLength(MAX_CAUSES);
  expect(causes[15]).toMatchObject({ code: "115", elided: 1 });
  expect(causes[16]).toMatchObject({ code: "117", elided: 0 });
});

test("leaves a chain to boundChain() where there is more to do", () => {
  const plain = plainChain(Array.from({ length: 40 }, () => ({})));
  const retry = create(RetrySchema, { advice: RetryAdvice.DO_NOT_RETRY });
  const withMiddle = (said: Partial<Cause>) =>
    encode(plain.causes.map((cause, n) => (n === 20 ? { ...cause, ...said } : cause)));
  const encode = (causes: Cause[]) => toBinary(ErrorChainSchema, { ...plain, causes });
  const shortened = (maxBytes: number, bytesOf: Record<string, Uint8Array>) =>
    Object.entries(bytesOf)
      .filter(([, bytes]) => leaveOutMiddle(bytes, maxBytes) !== undefined)
      .map(([name]) => name);
  const tooMany = {
    plain: withMiddle({}),
    "an outsized text": withMiddle({ message: "x".repeat(513) }),
    "an outsized code": withMiddle({ code: "x".repeat(64) }),
    "says not to retry": withMiddle({ retry }),
    "many left out": withMiddle({ elided: 0xffffffff }),
    sealed: toBinary(ErrorChainSchema, { ...plain, sealed: Uint8Array.of(1) }),
  };
  expect(shortened(5500, tooMany)).toEqual(["plain", "an outsized text", "an outsized code"]);
  const few = plain.causes.slice(-30);
  const withSecond = (said: Partial<Cause>) =>
    encode(few.map((cause, n) => (n === 1 ? { ...cause, ...said } : cause)));
  const tooLarge = {
    plain: withSecond({}),
    "an outsized text": withSecond({ message: "x".repeat(513) }),
    "an outsized code": withSecond({ code: "x".repeat(64) }),
    "something unknown": withUnknownFields({ ...plain, causes: few }),
    "says not to retry, and stays": withSecond({ retry }),
  };
  expect(shortened(400, tooLarge)).toEqual(["plain", "says not to retry, and stays"]);
});

test("texts stay as they are where only the number of causes is too high", () => {
  const said = "x".repeat(600);
  const chain = plainChain(
    Array.from({ length: 33 }, (_, n) => (n === 0 ? { message: said } : {})),
  );
  const left = leaveOutMiddle(toBinary(ErrorChainSchema, chain), 5500) ?? new Uint8Array();
  expect(fromBinary(ErrorChainSchema, left).causes[0]?.message).toBe(said);
});

test("takes any chain, and never gives more than it may", () => {
  fc.assert(
    fc.property(arbitraryChain({ min: 1, max: 60 }), fc.nat({ max: 5500 }), (chain, maxBytes) => {
      for (const bytes of [toBinary(ErrorChainSchema, chain), withUnknownFields(chain)]) {
        const left = leaveOutMiddle(bytes, maxBytes);
        expect(left?.length ?? 0).toBeLessThanOrEqual(maxBytes);
      }
    }),
  );
});

test("fields that are not known, of whatever type, stay with their causes", () => {
  const chain = plainChain(Array.from({ length: MAX_CAUSES + 1 }, () => ({})));
  const left = leaveOutMiddle(withUnknownFieldsInCauses(chain), 5500) ?? new Uint8Array();
  const { causes } = fromBinary(ErrorChainSchema, left);
  expect(causes).toHaveLength(MAX_CAUSES);
  expect(causes.every(({ $unknown }) => $unknown?.length === 4)).toBe(true);
  expect(causes[15]?.elided).toBe(1);
});
