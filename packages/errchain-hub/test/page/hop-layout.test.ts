import fc from "fast-check";
import { expect, test } from "vitest";
import { layOut } from "../../page/src/trace/hop-layout.ts";

const hops = (...parents: number[]) => parents.map((parent) => ({ parent }));

test("a chain stands in one row", () => {
  expect(layOut(hops(-1, 0, 1))).toEqual({
    places: [
      { column: 0, row: 0 },
      { column: 1, row: 0 },
      { column: 2, row: 0 },
    ],
    columns: 3,
    rows: 1,
  });
});

test("above several causes a hop stands in their middle", () => {
  const { places, rows } = layOut(hops(-1, 0, 1, 0, 0));
  expect(places.map(({ row }) => row)).toEqual([1, 0, 0, 1, 2]);
  expect(rows).toBe(3);
});

test("no two hops of any tree stand in the same place", () => {
  // Depth first: a hop's parent is the hop before it, or one above that.
  const tree = fc.array(fc.nat(5), { maxLength: 40 }).map((ups) => {
    const parents = [-1];
    for (const up of ups) {
      let parent = parents.length - 1;
      for (let step = 0; step < up && (parents[parent] ?? -1) >= 0; step++) {
        parent = parents[parent] ?? 0;
      }
      parents.push(parent);
    }
    return parents;
  });
  fc.assert(
    fc.property(tree, (parents) => {
      const { places, columns, rows } = layOut(hops(...parents));
      expect(new Set(places.map(({ column, row }) => `${column} ${row}`)).size).toBe(
        parents.length,
      );
      for (const { column, row } of places) {
        expect(column >= 0 && column < columns && row >= 0 && row < rows).toBe(true);
      }
    }),
  );
});
