import { alternate } from "./abba.ts";
import type { Protocol } from "./connect.ts";
import { startHosts } from "./hops.ts";
import { hexDigits } from "./ids.ts";
import { figuresOf, runSlice } from "./load.ts";
import type { Path, Place, Row, Section } from "./result.ts";
import { callAlong, type EntryClient, type Variant } from "./variant.ts";
import { variantsOf } from "./variants.ts";

/** How much is measured. */
export interface Effort {
  readonly rounds: number;
  readonly sliceMs: number;
  /** How long each row runs before it is measured: what runs rarely is compiled late. */
  readonly warmUpMs: number;
}

/** How many calls are under way at a time. */
export const concurrencies = [1, 64] as const;

export interface NetworkOptions {
  readonly path: Path;
  readonly protocol: Protocol;
  readonly place: Place;
  readonly effort: Effort;
  readonly progress: (what: string) => void;
}

interface Running {
  readonly variant: Variant;
  readonly client: EntryClient;
}

/** Measures calls through three hops: a section for each concurrency. */
export async function measureNetwork(options: NetworkOptions): Promise<Section[]> {
  const { path, protocol, place, effort, progress } = options;
  const hosts = startHosts(place, path, protocol);
  const running: Running[] = [];
  const leftOut: Section["leftOut"][number][] = [];
  try {
    const variants = variantsOf(path, protocol);
    for (const variant of variants) {
      const client = variant.connect(await hosts.start(variant));
      try {
        await client.check();
        running.push({ variant, client });
      } catch (err) {
        leftOut.push({ name: variant.name, why: (err as Error).message });
        client.close();
      }
    }
    const first = variants[0]?.name ?? "";
    const sections: Section[] = [];
    let warmUpMs = effort.warmUpMs;
    for (const concurrency of concurrencies) {
      const title = `${path}, ${protocol}, ${place}, ${concurrency} at a time`;
      const slice = ({ client }: Running, sliceMs: number) => {
        const call = () => callAlong(path, client, hexDigits(8));
        return runSlice({ call, concurrency, sliceMs, cpuUs: hosts.cpuUs });
      };
      progress(`${title}: warming up`);
      await alternate(
        running,
        1,
        (one) => slice(one, warmUpMs / 2),
        () => {},
      );
      warmUpMs = effort.warmUpMs / 4; // by then it is compiled
      const measured = await alternate(
        running,
        effort.rounds,
        (one) => slice(one, effort.sliceMs),
        (round) => progress(`${title}: round ${round} of ${effort.rounds}`),
      );
      const rows = running.map(({ variant: { name, about, base = first } }, index): Row => {
        const rounds = measured[index]?.map(figuresOf) ?? [];
        return { name, about, base, rounds };
      });
      sections.push({ kind: path, title, protocol, place, concurrency, rows, leftOut });
    }
    return sections;
  } finally {
    for (const { client } of running) {
      client.close();
    }
    hosts.close();
  }
}
