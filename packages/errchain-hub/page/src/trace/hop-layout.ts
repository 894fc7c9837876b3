/** Where the hops of a trace stand: in a column for each step away from the user. */
export interface HopLayout {
  readonly places: readonly HopPlace[];
  readonly columns: number;
  readonly rows: number;
}

export interface HopPlace {
  readonly column: number;
  /** May lie between two rows: above several causes, in their middle. */
  readonly row: number;
}

/** Each hop that nothing follows gets a row; the others stand in the middle of what they caused by. */
export function layOut(hops: readonly { readonly parent: number }[]): HopLayout {
  const columns: number[] = [];
  const children = hops.map((): number[] => []);
  hops.forEach(({ parent }, index) => {
    columns.push(parent >= 0 ? (columns[parent] ?? 0) + 1 : 0);
    children[parent]?.push(index);
  });
  let rows = 0;
  const byHop: number[] = [];
  // Depth first means that the hops of a branch stand together: leaves in order, parents after them.
  hops.forEach((_, index) => {
    if (children[index]?.length === 0) {
      byHop[index] = rows++;
    }
  });
  for (let index = hops.length - 1; index >= 0; index--) {
    const below = children[index] ?? [];
    const first = byHop[below[0] ?? -1];
    const last = byHop[below.at(-1) ?? -1];
    if (first !== undefined && last !== undefined) {
      byHop[index] = (first + last) / 2;
    }
  }
  return {
    places: hops.map((_, index) => ({ column: columns[index] ?? 0, row: byHop[index] ?? 0 })),
    columns: Math.max(0, ...columns) + 1,
    rows: Math.max(1, rows),
  };
}
