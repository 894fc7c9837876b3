import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cause, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryChain, withUnknownFields } from "../../test/support/arbitrary-chain.js";
import { type CausePlace, causePlaces } from "./cause-places.js";
import { decodeCause, readChain } from "./read.js";
import { isTextAt, scanChain } from "./scan.js";

test("finds every cause of a chain, and in each what says which error it is", () => {
  let accepted = 0;
  fc.assert(
    fc.property(arbitraryChain({ min: 1, max: 40 }), (chain) => {
      for (const bytes of [toBinary(ErrorChainSchema, chain), withUnknownFields(chain)]) {
        if (scanChain(bytes) !== undefined) {
          accepted++;
          const places = causePlaces(bytes);
          const { causes } = readChain(bytes);
          const decode = ({ start, end }: CausePlace) => decodeCause(bytes.subarray(start, end));
          expect(places.map(decode)).toEqual(causes);
          for (const [index, place] of places.entries()) {
            const { system, module, code, reason, status } = causes[index] as Cause;
            expect(place.status).toBe(status);
            for (const [at, text] of [
              [place.system, system],
              [place.module, module],
              [place.code, code],
              [place.reason, reason],
            ] as const) {
              const isAscii = /^[\x20-\x7e]*$/.test(text); // as all that rules may name
              expect(isTextAt(bytes, at, text)).toBe(isAscii);
              expect(isTextAt(bytes, at, `${text}X`)).toBe(false);
            }
          }
        }
      }
    }),
  );
  expect(accepted).toBeGreaterThan(100);
});

test("a status that nobody has declared is none of the declared ones", () => {
  const causes = [{ system: "A", code: "100", status: -1 as never, procedure: "p" }];
  const [place] = causePlaces(toBinary(ErrorChainSchema, create(ErrorChainSchema, { causes })));
  expect(place?.status).toBeLessThan(0);
});
