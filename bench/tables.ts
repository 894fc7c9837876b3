// The results as Markdown tables, which are as good to read in a terminal.

import type { Bar } from "./judge.ts";
import {
  type Metric,
  noiseIn,
  type Result,
  type Row,
  ratioOf,
  ratiosOf,
  rowOf,
  type Section,
  valuesOf,
} from "./result.ts";
import { type Spread, spread } from "./statistics.ts";

/** A section as a table: what each row costs, and how many times its baseline that is. */
export function sectionTable(section: Section): string {
  return section.kind === "pass" || section.kind === "chain"
    ? microTable(section)
    : networkTable(section);
}

/**
 * Sections that differ only in the protocol in one table: how many times its baseline
 * each row costs.
 */
export function overviewTable(sections: readonly Section[]): string {
  const names = [...new Set(sections.flatMap(({ rows }) => rows.map(({ name }) => name)))];
  const cell = (section: Section, name: string, metric: Metric) => {
    const row = rowOf(section, name);
    const base = row && rowOf(section, row.base);
    return row && base ? ratioOf(row, base, metric).toFixed(3) : "–";
  };
  return table(
    ["row", ...sections.flatMap(({ protocol }) => [`${protocol}: latency`, "CPU"])],
    names.map((name) => [
      name,
      ...sections.flatMap((section) => [
        cell(section, name, "latencyUs"),
        cell(section, name, "cpuUs"),
      ]),
    ]),
  );
}

function networkTable(section: Section): string {
  const cells = section.rows.map((row) => [
    row.name,
    micros(spread(valuesOf(row, "latencyUs"))),
    times(section, row, "latencyUs"),
    micros(spread(valuesOf(row, "cpuUs"))),
    times(section, row, "cpuUs"),
    String(Math.round(spread(valuesOf(row, "callsPerSecond")).median)),
  ]);
  const heads = [
    "row",
    "latency, µs",
    "× its baseline",
    "CPU a call, µs",
    "× its baseline",
    "calls/s",
  ];
  return table(heads, cells);
}

function microTable(section: Section): string {
  const cells = section.rows.map((row) => {
    const { median, q1, q3 } = spread(valuesOf(row, "ns"));
    const ns = `${Math.round(median)} (${Math.round(q1)}–${Math.round(q3)})`;
    return [row.name, ns, times(section, row, "ns"), String(row.heapBytes ?? "")];
  });
  return table(["row", "ns", "× its baseline", "bytes of heap"], cells);
}

/** A row's ratio to its baseline, with the quartiles. */
function times(section: Section, row: Row, metric: Metric): string {
  const base = rowOf(section, row.base);
  if (base === undefined || base === row) {
    return "1";
  }
  const { median, q1, q3 } = spread(ratiosOf(row, base, metric));
  return `${median.toFixed(3)} (${q1.toFixed(3)}–${q3.toFixed(3)})`;
}

const micros = ({ median, q1, q3 }: Spread) =>
  `${median.toFixed(0)} (${q1.toFixed(0)}–${q3.toFixed(0)})`;

/** What two rows of a section that are the same differ by, in a sentence. */
export function noiseLine(section: Section): string {
  const percent = (metric: Metric) => `${(100 * noiseIn(section, metric)).toFixed(1)} %`;
  return section.kind === "pass" || section.kind === "chain"
    ? `Noise of this run (A/A): ${percent("ns")}.`
    : `Noise of this run (A/A): latency ${percent("latencyUs")}, CPU ${percent("cpuUs")}.`;
}

export function sizeTable({ sizes }: Pick<Result, "sizes">): string {
  return table(
    ["what", "bytes"],
    sizes.map(({ name, bytes }) => [name, String(bytes)]),
  );
}

export function barTable(bars: readonly Bar[]): string {
  return table(
    ["promise", "where", "bar", "measured", "±", "verdict"],
    bars.map(({ what, where, holds, limit, unit, value, noise, verdict }) => [
      what,
      where || "no network",
      `${holds} ${amount(limit, unit)}`,
      value === null ? "–" : amount(value, unit),
      unit === "bytes" ? "0" : amount(noise, unit),
      verdict,
    ]),
  );
}

/** The last line: how many promises hold. */
export function barLine(bars: readonly Bar[]): string {
  const count = (verdict: Bar["verdict"]) => bars.filter((bar) => bar.verdict === verdict).length;
  return [
    `${count("pass")} of ${bars.length} promises hold`,
    `${count("within noise")} are missed by less than the noise`,
    `${count("FAIL")} fail`,
    `${count("not measured")} were not measured`,
  ].join(", ");
}

function amount(value: number, unit: Bar["unit"]): string {
  return unit === "×" ? `${value.toFixed(3)} ×` : `${Math.round(value)} ${unit}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  return [line(heads), line(rule), ...rows.map(line)].join("\n");
}
