// npm run bench:docs -- FILE.json: writes docs/performance.md from what npm run bench has measured.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Bar } from "../bench/judge.ts";
import type { Result, Section } from "../bench/result.ts";
import {
  barLine,
  barTable,
  noiseLine,
  overviewTable,
  sectionTable,
  sizeTable,
} from "../bench/tables.ts";

const usage = `usage: npm run bench:docs -- FILE.json

Writes docs/performance.md from the file of npm run bench -- --json FILE.json.`;

const target = join(import.meta.dirname, "..", "docs", "performance.md");

function main(): number {
  const [file, ...more] = process.argv.slice(2);
  if (file === "--help" || file === "-h") {
    console.log(usage);
    return 0;
  }
  if (file === undefined || more.length > 0) {
    console.error(`one file is needed\n\n${usage}`);
    return 2;
  }
  let result: Result;
  try {
    result = JSON.parse(readFileSync(file, "utf8")) as Result;
    if (!Array.isArray(result.sections) || !Array.isArray(result.bars)) {
      throw new TypeError("it is not the JSON of npm run bench");
    }
  } catch (problem) {
    console.error(`${file}: ${(problem as Error).message}`);
    return 2;
  }
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, document(result));
  console.log(`${target} is written`);
  return 0;
}

function document(result: Result): string {
  const of = (kind: Section["kind"]) => result.sections.filter((section) => section.kind === kind);
  return `${[
    intro,
    setting(result),
    ...promises(result.bars),
    "## Calls that succeed",
    aboutSuccess,
    ...network(of("success")),
    "## Calls that fail",
    aboutFailure,
    ...network(of("failure")),
    "## Without a network",
    aboutMicro,
    ...micro(of("pass")),
    ...micro(of("chain")),
    "## Sizes",
    sizeTable(result),
    ...meaning(result.sizes),
    limits,
  ].join("\n\n")}\n`;
}

const intro = `# Performance

<!-- Written by npm run bench:docs. Change scripts/performance-docs.ts, not this file. -->

What errchain costs, next to other ways to do the same. Ratios can be compared with those of another machine, absolute figures cannot. To measure it yourself:

\`\`\`sh
npm ci
npm run bench -- --json bench.json
npm run bench:docs -- bench.json
\`\`\`

[bench/README.md](../bench/README.md) says how it is measured. Every table has a row that is the baseline once more (A/A): two rows that differ by less than that one's spread are the same.`;

function setting({ machine, versions, startedAt, rounds, sliceMs, quick }: Result): string {
  const warning = quick
    ? "> **These figures come from a quick run on a busy machine. They show the form of the tables, and nothing else.**\n\n"
    : "";
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${warning}Measured on ${startedAt.slice(0, 10)}: ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB; ${list.join(", ")}. ${rounds} rounds, in each two slices of ${sliceMs} ms of every row; without a network a third of the rounds, and slices three times as long. Figures are medians; the quartiles are in parentheses.`;
}

function promises(bars: readonly Bar[]): string[] {
  return [
    "## What is promised, and whether it holds",
    'Calls are judged one at a time. "±" is how far the value may be off by chance, as the A/A row says. "Within noise" means: missed, but by no more than that.',
    barTable(bars),
    `${barLine(bars)}.`,
  ];
}

const aboutSuccess = `An entry client calls the first hop, which calls the second, which calls the third. "Latency" is the time of such a call in all; "CPU a call" is that of all hops and the entry together.`;

const aboutFailure = `The third hop fails. Every hop catches the error of the call and throws one of its own, with a message and an ID that differ from call to call. Peers are compared with the bare errors of their own stack.`;

const aboutMicro = `A pass is a server's interceptor around a handler that makes one call through a client's interceptor, which is answered at once. The first row is what the request objects cost; what the others cost is the difference to it.`;

/** Calls of one kind: an overview of those that run one at a time, and all figures folded away. */
function network(all: readonly Section[]): string[] {
  const overviews = (["one process", "processes"] as const).flatMap((place) => {
    const alone = all.filter((section) => section.place === place && section.concurrency === 1);
    const title = `### ${place === "processes" ? "Separate processes" : "One process"}, one at a time`;
    return alone.length > 0 ? [title, "Times its baseline.", overviewTable(alone)] : [];
  });
  const leftOut = new Map(all.flatMap((section) => section.leftOut.map((row) => [row.name, row])));
  return [
    ...meaning(all.flatMap(({ rows }) => rows)),
    ...[...leftOut.values()].map(({ name, why }) => `Left out: ${name} (${why}).`),
    ...overviews,
    ...all.flatMap((section) => [
      `<details><summary>${capital(section.title)}</summary>`,
      sectionTable(section),
      noiseLine(section),
      "</details>",
    ]),
  ];
}

function micro(all: readonly Section[]): string[] {
  return all.flatMap((section) => [
    `### ${capital(section.title)}`,
    ...meaning(section.rows),
    sectionTable(section),
    noiseLine(section),
  ]);
}

const capital = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}`;

/** What the rows mean, each once. */
function meaning(rows: readonly { readonly name: string; readonly about: string }[]): string[] {
  const abouts = new Map(rows.map(({ name, about }) => [name, about]));
  const lines = [...abouts].map(([name, about]) => `- **${name}**: ${about}`);
  return lines.length > 0 ? [lines.join("\n")] : [];
}

const limits = `## Where the limit lies, and why

A library that sits between an application and its RPC stack can be as fast as what it makes the stack do.

- **To know which request the running code belongs to**, a server needs \`AsyncLocalStorage\`. No interceptor that remembers failed calls can cost less than that row.
- **To have one trace ID in all hops**, a header with a new value must travel with each call. HTTP/2 cannot compress what it has not seen, so it costs more than a header that is always the same, and more than all that the interceptors do themselves.
- **A failed call** carries the chain at every hop: the bytes must be written, sent, and read by the stack. The rows *joined as bytes by hand* show what that alone costs, without and with one trace ID for all hops; nearly all of it is the stack's, and the promises of the first table leave little room beside it. What errchain adds to that row is that a chain from anybody is checked before it is passed on, that causes are found behind whatever a handler throws, and that answers stay within what all stacks can read.
- **Base64** is a good part of that on Connect. Node.js 24 cannot write the base64 of a \`Uint8Array\` by itself; protobuf-es then makes a string of every character, 44 kB in a call of three hops. From Node.js 25 on it is one call of the engine.
- **What errchain does itself** for a failure takes a few microseconds where it runs in a loop, and several times as long between two turns of a stack that has meanwhile used the caches for itself. Fewer instructions help less than they should there; fewer objects help more.
- **The transport** does more than the interceptors: it copies the headers of a call, reads the deadline of the request and makes a signal for what is called. That is most of the difference between the two rows without a network.
- **Connect compresses** error bodies of 1,024 bytes and more at every hop, on the thread pool, which costs more than everything else together. A usual chain of three hops stays below. A \`{ desc, value }\` detail is sent with a readable copy of itself, and is above it at once.
- **More than 32 causes, or more bytes than allowed**: then something must be left out. In a chain without a fan-out the bytes show what; otherwise, or where a cause that goes speaks of repetitions, it must be decoded for that.`;

process.exitCode = main();
