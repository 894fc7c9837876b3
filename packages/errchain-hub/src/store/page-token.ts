/** A place in the order of searches: latest first failure first. */
export interface Position {
  readonly firstUs: number;
  readonly id: number;
}

export function pageTokenOf({ firstUs, id }: Position): string {
  return `${firstUs}.${id}`;
}

/** The place that a token stands for; undefined for the empty token, and for what is none. */
export function readPageToken(token: string): Position | undefined {
  const [, firstUs, id] = /^(-?\d{1,16})\.(\d{1,16})$/.exec(token) ?? [];
  return firstUs === undefined ? undefined : { firstUs: Number(firstUs), id: Number(id) };
}

export function isPageToken(token: string): boolean {
  return token === "" || readPageToken(token) !== undefined;
}
