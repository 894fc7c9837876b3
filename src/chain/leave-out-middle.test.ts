import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cause, ErrorChainSchema, RetryAdvice } from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryChain, withUnknownFields } from "../../test/support/arbitrary-chain.js";
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

test("leaves a chain to boundChain() that is not plain", () => {
  const plain = plainChain(Array.from({ length: 40 }, () => ({})));
  const [first, second, ...rest] = plain.causes as [Cause, Cause, ...Cause[]];
  const encode = (causes: Cause[]) => toBinary(ErrorChainSchema, { ...plain, causes });
  const bytesOf = {
    plain: encode(plain.causes),
    "a fan-out": encode([{ ...first, branches: 2 }, { ...second, branches: 0 }, ...rest]),
    "says not to retry": encode([
      first,
      {
        ...second,
        retry: {
          $typeName: "errchain.v1.Retry",
          advice: RetryAdvice.DO_NOT_RETRY,
          attempts: 0,
        },
      },
      ...rest,
    ]),
    "an outsized text": encode([first, { ...second, message: "x".repeat(513) }, ...rest]),
    "an outsized code": encode([first, { ...second, code: "x".repeat(64) }, ...rest]),
    "many left out": encode([first, { ...second, elided: 0xffffffff }, ...rest]),
    sealed: toBinary(ErrorChainSchema, { ...plain, sealed: Uint8Array.of(1) }),
  };
  const shortened = Object.entries(bytesOf).filter(
    ([, bytes]) => leaveOutMiddle(bytes, 5500) !== undefined,
  );
  expect(shortened.map(([name]) => name)).toEqual(["plain"]);
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
