import { protocols } from "./connect.ts";
import { measureMicro } from "./micro.ts";
import { type Effort, measureNetwork } from "./network.ts";
import { BadArguments, type BenchOptions } from "./options.ts";
import type { Section, Size } from "./result.ts";
import { measureSizes } from "./sizes.ts";

/** A part of the run, which can be asked for by the words of its name. */
export interface Part {
  readonly name: string;
  readonly run: (progress: Progress) => Promise<Found>;
}

type Progress = (what: string) => void;

interface Found {
  readonly sections?: readonly Section[];
  readonly sizes?: readonly Size[];
}

/** The parts that were asked for. Throws where there is none. */
export function chooseParts(options: BenchOptions): Part[] {
  const { only, onlyProcesses } = options;
  const all = partsOf(options);
  const parts = all
    .filter(({ name }) => only.every((word) => name.toLowerCase().includes(word)))
    .filter(({ name }) => !onlyProcesses || !name.endsWith("one process"));
  if (parts.length === 0) {
    const names = all.map(({ name }) => `  ${name}`).join("\n");
    throw new BadArguments(`no part has a name with "${only.join(" ")}"; there are\n${names}`);
  }
  return parts;
}

function partsOf({ effort }: BenchOptions): Part[] {
  const longer = inLongerSlices(effort);
  const micro = (["pass", "chain"] as const).map(
    (kind): Part => ({
      name: `micro: ${kind}`,
      run: async (progress) => ({
        sections: [await measureMicro({ kind, effort: longer }, progress)],
      }),
    }),
  );
  const sizes: Part = { name: "sizes", run: async () => ({ sizes: await measureSizes() }) };
  const network = (["one process", "processes"] as const).flatMap((place) =>
    (["success", "failure"] as const).flatMap((path) =>
      protocols.map(
        (protocol): Part => ({
          name: `${path}, ${protocol}, ${place}`,
          run: async (progress) => ({
            sections: await measureNetwork({ path, protocol, place, effort, progress }),
          }),
        }),
      ),
    ),
  );
  return [...micro, sizes, ...network];
}

/**
 * As much work in longer slices. Without a network, what a slice begins with (cold memory,
 * a heap that has to grow) weighs more than what is to be measured.
 */
function inLongerSlices({ rounds, sliceMs, warmUpMs }: Effort): Effort {
  return { rounds: Math.ceil(rounds / 3), sliceMs: sliceMs * 3, warmUpMs };
}
