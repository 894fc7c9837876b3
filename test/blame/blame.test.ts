import { expect, test } from "vitest";
import { isGood, runGraphs, summarize, type Verdict } from "./blame.js";
import { faults, randomGraph, seededRandom } from "./graph.js";

test("the entry's answer names the system with the fault", { timeout: 120_000 }, async () => {
  const verdicts: Verdict[] = [];
  await runGraphs(4 * faults.length, 42, (verdict) => verdicts.push(verdict));
  expect(verdicts.filter((verdict) => !isGood(verdict)).map(({ answer }) => answer)).toEqual([]);
});

test("the summary counts what went wrong", () => {
  const graph = randomGraph("bug", seededRandom(1));
  const base = { graph, hung: false, falseSuccess: false, wrongStatus: false, answer: "" };
  const good = { ...base, blamed: "right" } as const;
  expect(summarize([good, good])).toMatchObject({
    good: true,
    line: "blamed 2 of 2, hung 0, false success 0, wrong status 0",
  });
  for (const bad of [
    { ...good, hung: true },
    { ...good, falseSuccess: true },
    { ...good, wrongStatus: true },
    { ...base, blamed: "wrong" },
    { ...base, blamed: "unnamed" },
  ] as const) {
    expect(summarize([...Array(500).fill(good), bad]).good).toBe(false);
  }
});

test("a seed gives the same graphs, another one others", () => {
  const graphs = (seed: number) => faults.map((fault) => randomGraph(fault, seededRandom(seed)));
  expect(graphs(1)).toEqual(graphs(1));
  expect(graphs(1)).not.toEqual(graphs(2));
  for (const { nodes, faulty } of graphs(3)) {
    expect(nodes.length).toBeGreaterThanOrEqual(3);
    expect(nodes.length).toBeLessThanOrEqual(25);
    expect(nodes[faulty]).toBeDefined();
    expect(nodes.every(({ calls }) => calls.length <= 4)).toBe(true);
  }
});
