/** A place in the order of searches: latest first failure first. */
export interface Position {
  readonly firstUs: number;
  readonly id: number;
}

/** How far a search has come. */
export interface SearchProgress {
  /** Up to here all matches were given. */
  readonly position: Position;
  /** Up to here those were given that match by their ID: they may be ahead of the others. */
  readonly idPosition: Position;
}

/** Less than 0 where `a` comes before `b` in the order of searches, 0 for the same place. */
export function comparePositions(a: Position, b: Position): number {
  return b.firstUs - a.firstUs || b.id - a.id;
}

export function pageTokenOf({ position, idPosition }: SearchProgress): string {
  return [position, idPosition].map(({ firstUs, id }) => `${firstUs}.${id}`).join(".");
}

/** The progress that a token stands for; undefined for the empty token, and for what is none. */
export function readPageToken(token: string): SearchProgress | undefined {
  if (!/^-?\d{1,16}\.\d{1,16}\.-?\d{1,16}\.\d{1,16}$/.test(token)) {
    return undefined;
  }
  const [firstUs = 0, id = 0, idFirstUs = 0, idId = 0] = token.split(".").map(Number);
  return { position: { firstUs, id }, idPosition: { firstUs: idFirstUs, id: idId } };
}

export function isPageToken(token: string): boolean {
  return token === "" || readPageToken(token) !== undefined;
}
