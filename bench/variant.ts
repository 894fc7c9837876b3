import type { Path } from "./result.ts";

/** 1 is the hop that the entry client calls, 3 the last one. */
export type HopNumber = 1 | 2 | 3;

/** A way to do the work of three hops: a stack, with or without a library on top. */
export interface Variant {
  readonly name: string;
  /** What the row means, in a sentence. */
  readonly about: string;
  /** The name of the variant that it is compared with. Default: the first of the list. */
  readonly base?: string;
  /** Starts the server of a hop on a free port. `next` is the URL of the one that it calls; the last calls none. */
  startHop(hop: HopNumber, next: string | undefined): Promise<RunningHop>;
  /** Makes the client that calls the first hop. */
  connect(url: string): EntryClient;
}

export interface RunningHop {
  readonly url: string;
  readonly close: () => void;
}

export interface EntryClient {
  /** Makes a call with this text; gives the text of the answer. */
  readonly call: (text: string) => Promise<string>;
  /** Throws where a call did not end in the way that the variant is for. Runs once, before anything is measured. */
  readonly check: () => Promise<void>;
  readonly close: () => void;
}

/** Throws unless it is so. */
export function expectThat(holds: boolean, what: string): asserts holds {
  if (!holds) {
    throw new Error(what);
  }
}

/** All failing calls end with it: FAILED_PRECONDITION, which has the same number in all stacks. */
export const FAILED_PRECONDITION = 9;

/** Makes a call, and throws where it does not end as it should on this path. */
export async function callAlong(path: Path, client: EntryClient, text: string): Promise<void> {
  try {
    await client.call(text);
  } catch (err) {
    if (path === "failure" && (err as { code?: unknown }).code === FAILED_PRECONDITION) {
      return;
    }
    throw err;
  }
  expectThat(path === "success", "a call succeeded that was to fail");
}
