import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import {
  type Cause,
  CauseSchema,
  type ErrorChain,
  ErrorChainSchema,
  type RetryAdvice,
  RetrySchema,
} from "../../gen/errchain/v1/error_chain_pb.js";

/** Any text that UTF-8 can carry, of up to about a thousand characters now and then. */
export const arbitraryText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.toWellFormed()),
  fc
    .constantFrom("没有为该地址配置配送范围。", "", "x")
    .chain((word) => fc.nat({ max: 60 }).map((times) => word.repeat(times))),
);

const arbitraryIdentifier = fc.stringMatching(/^[A-Z][A-Z0-9]{0,31}$/);

const arbitraryArgs = fc.dictionary(fc.stringMatching(/^[a-z_]{1,20}$/), arbitraryText, {
  maxKeys: 4,
});

/** A cause without place in a tree. */
export const arbitraryCause: fc.Arbitrary<Cause> = fc
  .record({
    system: arbitraryIdentifier,
    module: fc.oneof(fc.constant(""), arbitraryIdentifier),
    code: fc.stringMatching(/^[A-Z0-9_]{1,63}$/),
    reason: fc.stringMatching(/^[A-Z0-9_]{0,63}$/),
    message: arbitraryText,
    args: arbitraryArgs,
    privateArgs: arbitraryArgs,
    // Also numbers that no version knows yet.
    provenance: fc.nat({ max: 9 }),
    visibility: fc.nat({ max: 9 }),
    status: fc.nat({ max: 20 }),
    procedure: arbitraryText,
    spanId: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    occurredAt: fc.option(
      fc.nat().map((n) => timestampFromMs(n)),
      { nil: undefined },
    ),
    elided: fc.nat({ max: 3 }),
    inferred: fc.boolean(),
    help: arbitraryText,
  })
  .map(({ occurredAt, ...init }) =>
    create(CauseSchema, { ...init, ...(occurredAt && { occurredAt }) }),
  );

/** A chain that is one tree of the given number of causes. */
export function arbitraryChain(causes: { min: number; max: number }): fc.Arbitrary<ErrorChain> {
  return fc
    .record({
      causes: fc.array(arbitraryCause, { minLength: causes.min, maxLength: causes.max }),
      // Cause n hangs below one of the causes on the way to cause n - 1.
      upwards: fc.array(fc.nat({ max: 4 }), { minLength: causes.max, maxLength: causes.max }),
      traceId: fc.oneof(
        fc.constant(new Uint8Array()),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
      ),
    })
    .map(({ causes, upwards, traceId }) => {
      const path: Cause[] = [];
      for (const [index, cause] of causes.entries()) {
        path.length = Math.max(Math.min(path.length, 1), path.length - (upwards[index] ?? 0));
        const parent = path.at(-1);
        if (parent !== undefined) {
          parent.branches++;
        }
        path.push(cause);
      }
      return create(ErrorChainSchema, { causes, traceId });
    });
}

const arbitraryRetry = fc.option(
  fc.record({
    advice: fc.constantFrom(0, 1, 2, 7 as RetryAdvice),
    attempts: fc.nat({ max: 6 }),
    delay: fc.option(
      fc.record({ seconds: fc.bigInt({ min: -2n, max: 9n }), nanos: fc.nat({ max: 999_999_999 }) }),
      { nil: undefined },
    ),
  }),
  { nil: undefined, freq: 2 },
);

/** As arbitraryChain(), of which some causes say something about retries. */
export function arbitraryRetryChain(max: number): fc.Arbitrary<ErrorChain> {
  return fc
    .tuple(
      arbitraryChain({ min: 1, max }),
      fc.array(arbitraryRetry, { minLength: max, maxLength: max }),
    )
    .map(([chain, retries]) => {
      for (const [index, cause] of chain.causes.entries()) {
        const { delay, ...retry } = retries[index] ?? {};
        if (retries[index] !== undefined) {
          cause.retry = create(RetrySchema, { ...retry, ...(delay && { delay }) });
        }
      }
      return chain;
    });
}

/** Bytes that a newer version might send: the chain, with fields that this one does not know. */
export function withUnknownFields(chain: ErrorChain): Uint8Array {
  const writer = new BinaryWriter().raw(withUnknownFieldsInCauses(chain));
  return writeUnknown(writer, "chain").finish();
}

/** The same where only causes have got new fields. */
export function withUnknownFieldsInCauses({ causes, traceId }: ErrorChain): Uint8Array {
  const writer = new BinaryWriter();
  for (const cause of causes) {
    const bytes = new BinaryWriter().raw(toBinary(CauseSchema, cause));
    writer.tag(1, WireType.LengthDelimited).bytes(writeUnknown(bytes, "cause").finish());
  }
  return writer.raw(toBinary(ErrorChainSchema, create(ErrorChainSchema, { traceId }))).finish();
}

/** A field of each wire type that Protobuf has today. */
function writeUnknown(writer: BinaryWriter, where: string): BinaryWriter {
  return writer
    .tag(900, WireType.LengthDelimited)
    .string(`new in the ${where}`)
    .tag(901, WireType.Varint)
    .uint64("18446744073709551615")
    .tag(902, WireType.Bit32)
    .fixed32(0xffff_ffff)
    .tag(903, WireType.Bit64)
    .fixed64("18446744073709551615");
}
