// What a run gives, in the form of its JSON file. The figures of each round are kept,
// so that any two rows can be compared afterwards.

import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import type { Bar } from "./judge.ts";
import { median, noiseOf } from "./statistics.ts";

/** What a row was measured by. */
export interface Figures {
  /** Calls over the network: the median time of a call, in microseconds. */
  readonly latencyUs?: number;
  /** Calls over the network: CPU time a call, of all processes, in microseconds. */
  readonly cpuUs?: number;
  readonly callsPerSecond?: number;
  /** Work without a network: the median time, in nanoseconds. */
  readonly ns?: number;
}

export type Metric = keyof Figures;

/** One variant in one section. */
export interface Row {
  readonly name: string;
  /** What the row means, in a sentence. */
  readonly about: string;
  /** The row that it is compared with. */
  readonly base: string;
  readonly rounds: readonly Figures[];
  /** Work without a network: how many bytes of heap it takes. */
  readonly heapBytes?: number;
}

export type Place = "one process" | "processes";

export type Path = "success" | "failure";

/** Rows that ran in turns, and so can be compared. */
export interface Section {
  readonly kind: Path | "pass" | "chain";
  readonly title: string;
  readonly rows: readonly Row[];
  /** Rows that did not do what they should, and were not measured. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  /** Only of calls over the network: */
  readonly protocol?: string;
  readonly place?: Place;
  readonly concurrency?: number;
}

export interface Size {
  readonly name: string;
  readonly about: string;
  readonly bytes: number;
}

export interface Result {
  readonly startedAt: string;
  /** A quick run shows that everything works. Its figures mean little. */
  readonly quick: boolean;
  readonly rounds: number;
  readonly sliceMs: number;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number };
  readonly versions: Readonly<Record<string, string>>;
  readonly sections: readonly Section[];
  readonly sizes: readonly Size[];
  readonly bars: readonly Bar[];
}

/** The row of a name; undefined where it was not measured. */
export function rowOf(section: Section, name: string): Row | undefined {
  return section.rows.find((row) => row.name === name);
}

/** One figure of a row, in each round. */
export function valuesOf(row: Row, metric: Metric): number[] {
  return row.rounds.map((round) => round[metric] ?? Number.NaN);
}

/** How many times another row's figure a row's is, in each round. */
export function ratiosOf(row: Row, base: Row, metric: Metric): number[] {
  const below = valuesOf(base, metric);
  return valuesOf(row, metric).map((value, round) => value / (below[round] ?? Number.NaN));
}

export function ratioOf(row: Row, base: Row, metric: Metric): number {
  return median(ratiosOf(row, base, metric));
}

/** The name of the row that is the baseline once more. */
export const again = (base: string) => `${base}, again`;

/** What the A/A row of a section says: how far ratios are off by chance. */
export function noiseIn(section: Section, metric: Metric): number {
  const same = section.rows.find((row) => row.name === again(row.base));
  const base = same && rowOf(section, same.base);
  return same && base ? noiseOf(ratiosOf(same, base, metric)) : Number.NaN;
}

export function machine(): Result["machine"] {
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, memoryGiB };
}

export function versions(): Record<string, string> {
  const versionOf = (name: string): string => {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  };
  const packages = [
    "errchain",
    "@connectrpc/connect",
    "@bufbuild/protobuf",
    "@opentelemetry/sdk-trace",
    "nice-grpc",
    "nice-grpc-error-details",
    "@grpc/grpc-js",
  ];
  return {
    "Node.js": process.versions.node,
    [type()]: release(),
    ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  };
}
