// What is done with chains of some lengths.

import { create, toBinary } from "@bufbuild/protobuf";
import { formatErrorChain } from "errchain";
import { type Cause, ErrorChainSchema } from "errchain/proto";
import { boundChain } from "../dist/chain/bound.js";
import { composeChain } from "../dist/chain/compose.js";
import { toHex } from "../dist/chain/hex.js";
import { LARGEST_MAX_BYTES } from "../dist/chain/limits.js";
import { readChain } from "../dist/chain/read.js";
import { hexDigits } from "./ids.ts";
import type { Task } from "./micro-run.ts";
import { again } from "./result.ts";
import { causeByHand, definitions, newTraceId } from "./systems.ts";

export const chainLengths = [1, 4, 16, 32] as const;

/** 31 causes are the most that one can be put in front of: the limit is 32. */
export const joinedLengths = [1, 4, 16, 31, 32] as const;

/** The names of the rows, for those who compare them. */
export const work = {
  join: (causes: number) => `join: a cause in front of ${causes}`,
  read: (causes: number) => `read ${causes}`,
  budget: (causes: number) => `budget: ${causes} to half of their bytes`,
  format: (causes: number) => `format ${causes}`,
};

export function chainTasks(): Task[] {
  return [
    ...joinedLengths.map(joinTask),
    {
      ...joinTask(1),
      name: again(work.join(1)),
      about: "The first row once more: how far two rows differ by chance.",
    },
    ...chainLengths.map((causes): Task => {
      const bytes = toBinary(ErrorChainSchema, chainOf(causes));
      const about = "Bytes from a peer become an `ErrorChain`.";
      return task(work.read(causes), work.read(1), about, () => readChain(bytes));
    }),
    ...chainLengths.map((causes): Task => {
      const chain = chainOf(causes);
      const maxBytes = Math.ceil(toBinary(ErrorChainSchema, chain).length / 2);
      const about = "A chain that is twice as large as allowed.";
      return task(work.budget(causes), work.budget(1), about, () => boundChain(chain, maxBytes));
    }),
    ...chainLengths.map((causes): Task => {
      const chain = chainOf(causes);
      const about = "`formatErrorChain()`, one line.";
      return task(work.format(causes), work.format(1), about, () => formatErrorChain(chain));
    }),
    task("raise", "raise", "A definition is called, without a cause.", () =>
      definitions[3]({ id: "7f" }),
    ),
  ];
}

function joinTask(causes: number): Task {
  const own = causeByHand(1, hexDigits(8));
  const { traceId, ...below } = chainOf(causes);
  const bytes = toBinary(ErrorChainSchema, { ...below, traceId });
  const digits = toHex(traceId);
  const about =
    causes < 32
      ? "The own cause is encoded, the bytes from below follow."
      : "One more than the limit of 32, so one is left out, found by walking over the bytes.";
  return task(work.join(causes), work.join(1), about, () =>
    composeChain(own, [bytes], digits, LARGEST_MAX_BYTES),
  );
}

function task(name: string, base: string, about: string, once: () => unknown): Task {
  return {
    name,
    base,
    about,
    async run(times) {
      for (let n = 0; n < times; n++) {
        once();
      }
    },
  };
}

/** A plain chain. 32 causes of this size fit the largest budget. */
function chainOf(length: number) {
  const causes = Array.from({ length }, (_, index): Cause => {
    const cause = causeByHand(index === length - 1 ? 3 : 2, hexDigits(8));
    return { ...cause, procedure: "", args: {} };
  });
  return create(ErrorChainSchema, { causes, traceId: newTraceId() });
}
