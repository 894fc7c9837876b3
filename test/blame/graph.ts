// Random systems that call each other, and one thing that is wrong with one of them.

import { type Kind, kinds } from "../support/probe.ts";
import { httpVersionOf, type Protocol, protocols } from "../support/protocols.ts";

/** What can be wrong with a system. */
export const faults = [
  "defined error",
  "bug",
  "kill",
  "hang",
  "black hole",
  "reset",
  "HTML answer",
  "slow over deadline",
  "oversize error",
  "garbage details",
  "forgotten cause",
  "hop without the library, fails",
  "hop without the library, relays",
  "hop without the library, drops",
] as const;

export type Fault = (typeof faults)[number];

/** What a healthy system does when a call has failed. */
export const styles = ["own error", "rethrow", "wrap", "aggregate", "translate"] as const;

export type Style = (typeof styles)[number] | "forget";

export interface Call {
  readonly to: number;
  readonly protocol: Protocol;
  readonly kind: Kind;
}

export interface Node {
  readonly httpVersion: "1.1" | "2";
  readonly calls: readonly Call[];
  /** Whether it makes its calls at the same time. */
  readonly parallel: boolean;
  readonly style: Style;
}

/** The first node is the entry. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly fault: Fault;
  /** The system with the fault. */
  readonly faulty: number;
  /** The system that fails first: the faulty one, or one below it whose error it relays or drops. */
  readonly source: number;
  /** Which system the entry's answer must name. What a hop drops, nobody can know. */
  readonly expected: number;
}

const MOST_NODES = 25;
const MOST_CALLS = 4;
const MOST_DEPTH = 8;

/** A graph that depends on nothing but the fault and the random numbers. */
export function randomGraph(fault: Fault, random: () => number): Graph {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const size = 3 + Math.floor(random() * (MOST_NODES - 2));
  const depths = [0];
  const calls: Call[][] = [[]];
  const httpVersions: Node["httpVersion"][] = [pick(["1.1", "2"])];
  const connect = (from: number, to: number) => {
    const spoken = protocols.filter((p) => httpVersionOf(p) === httpVersions[to]);
    const protocol = pick(spoken);
    const possible = httpVersions[to] === "2" ? kinds : kinds.filter((k) => k !== "bidiStream");
    calls[from]?.push({ to, protocol, kind: pick(possible) });
  };
  for (let to = 1; to < size; to++) {
    httpVersions.push(pick(["1.1", "2"]));
    calls.push([]);
    const callers = depths
      .map((_, node) => node)
      .filter(
        (node) => (depths[node] ?? 0) < MOST_DEPTH - 1 && (calls[node]?.length ?? 0) < MOST_CALLS,
      );
    const from = pick(callers);
    depths.push((depths[from] ?? 0) + 1);
    connect(from, to);
    // Some systems have two callers. A caller comes before its callee, so there is no circle.
    const other = pick(callers.filter((node) => node !== from));
    if (other !== undefined && (depths[other] ?? 0) < (depths[to] ?? 0) && random() < 0.2) {
      connect(other, to);
    }
  }
  const relays = fault.endsWith("relays") || fault.endsWith("drops");
  const all = depths.map((_, node) => node);
  const faulty = pick(
    relays
      ? all.filter((node) => (calls[node]?.length ?? 0) > 0)
      : fault === "forgotten cause"
        ? all.slice(1)
        : all,
  );
  const source = relays ? (calls[faulty]?.[0]?.to ?? 0) : faulty;
  const nodes = all.map((node): Node => {
    const made = calls[node]?.filter(({ to }) => !relays || to !== source || node === faulty) ?? [];
    const forgets = fault === "forgotten cause" && made.some(({ to }) => to === faulty);
    return {
      httpVersion: httpVersions[node] ?? "2",
      calls: made,
      parallel: random() < 0.5,
      style: forgets ? "forget" : pick(styles),
    };
  });
  return { nodes, fault, faulty, source, expected: fault.endsWith("relays") ? source : faulty };
}

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
