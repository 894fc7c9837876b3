import { create, toBinary } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Cause,
  CauseSchema,
  type ErrorChain,
  ErrorChainSchema,
  RetrySchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryCause, arbitraryChain } from "../../test/support/arbitrary-chain.js";
import { encodeChain } from "./encode-chain.js";
import { toHex } from "./hex.js";

const NO_BYTES = new Uint8Array();

/** One cause, as toBinary() writes a chain of it. */
const reference = (cause: Cause) => toBinary(ErrorChainSchema, { ...chain(), causes: [cause] });
const chain = (): ErrorChain => create(ErrorChainSchema);
const encode = (cause: Cause) => encodeChain(cause, [], "");

const arbitraryRetry = fc.option(
  fc
    .record({ advice: fc.nat({ max: 3 }), attempts: fc.nat(), delayMs: fc.nat() })
    .map(({ delayMs, ...init }) =>
      create(RetrySchema, { ...init, delay: durationFromMs(delayMs) }),
    ),
  { nil: undefined },
);

test("writes the bytes that toBinary() writes", () => {
  fc.assert(
    fc.property(
      arbitraryCause,
      arbitraryRetry,
      fc.nat({ max: 0xffffffff }),
      fc.array(arbitraryChain({ min: 1, max: 3 }), { maxLength: 3 }),
      fc.oneof(fc.constant(NO_BYTES), fc.uint8Array({ minLength: 16, maxLength: 16 })),
      (cause, retry, branches, below, traceId) => {
        const own = { ...cause, ...(retry && { retry }), branches };
        const encoded = below.map((each) => toBinary(ErrorChainSchema, each));
        const whole = [
          reference(own),
          ...encoded,
          toBinary(ErrorChainSchema, { ...chain(), traceId }),
        ];
        expect(Buffer.from(encodeChain(own, encoded, toHex(traceId)))).toEqual(
          Buffer.concat(whole),
        );
      },
    ),
  );
});

test.each<[string, Partial<Cause>]>([
  ["nothing at all", {}],
  [
    "texts about the lengths at which their length takes another byte",
    {
      system: "x".repeat(127),
      module: "x".repeat(128),
      code: "é".repeat(63),
      reason: "é".repeat(64),
      message: "x".repeat(16_383),
      procedure: "x".repeat(16_384),
      args: { a: "é".repeat(50), ["k".repeat(126)]: "" },
      help: "語".repeat(100_000),
    },
  ],
  [
    "a fraction of a second before 1970",
    {
      occurredAt: { $typeName: "google.protobuf.Timestamp", seconds: -1n, nanos: 5 },
    },
  ],
  [
    "a time after 2106",
    {
      occurredAt: {
        $typeName: "google.protobuf.Timestamp",
        seconds: 253_402_300_799n,
        nanos: 999_999_999,
      },
    },
  ],
  ["a negative enum value", { status: -1 as Cause["status"] }],
  ["a long span ID", { spanId: new Uint8Array(5000).fill(7) }],
  ["an unknown field", { $unknown: [{ no: 77, wireType: 0, data: Uint8Array.of(5) }] }],
])("writes %s as toBinary() does", (_, init) => {
  const cause = { ...create(CauseSchema), ...init };
  expect(Buffer.from(encode(cause))).toEqual(Buffer.from(reference(cause)));
});

test("what was written stays as it was, however much is written later", () => {
  const causes = Array.from({ length: 500 }, (_, index) =>
    create(CauseSchema, { system: "A", code: "1", message: `${index} `.repeat(index % 90) }),
  );
  const written = causes.map(encode);
  for (const [index, cause] of causes.entries()) {
    expect(Buffer.from(written[index] as Uint8Array)).toEqual(Buffer.from(reference(cause)));
  }
});

test("unknown fields of a peer have room, however long they are", () => {
  for (let length = 130; length < 4_000; length += 13) {
    const delay = durationFromMs(5);
    const varint = [(length & 0x7f) | 0x80, length >> 7];
    const data = Uint8Array.from([...varint, ...Array(length).fill(7)]);
    delay.$unknown = [{ no: 77, wireType: 2, data }];
    const retry = create(RetrySchema, { delay });
    const cause = { ...create(CauseSchema, { system: "A", code: "1" }), retry };
    expect(Buffer.from(encode(cause))).toEqual(Buffer.from(reference(cause)));
  }
});
