// npm run bench: measures everything, side by side. README.md says how to read it.

import { writeFileSync } from "node:fs";
import { clearLine, cursorTo } from "node:readline";
import { evaluateBars } from "./bars.ts";
import { BadArguments, parseOptions, usage } from "./options.ts";
import { chooseParts } from "./parts.ts";
import { machine, type Result, type Section, type Size, versions } from "./result.ts";
import { barLine, barTable, noiseLine, sectionTable, sizeTable } from "./tables.ts";

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(usage);
    return 0;
  }
  const parts = chooseParts(options);
  const startedAt = new Date().toISOString();
  const sections: Section[] = [];
  const sizes: Size[] = [];
  for (const [index, part] of parts.entries()) {
    const number = `[${index + 1}/${parts.length}]`;
    const start = performance.now();
    showProgress(`${number} ${part.name}`);
    const found = await part.run((what) => showProgress(`${number} ${what}`));
    sections.push(...(found.sections ?? []));
    sizes.push(...(found.sizes ?? []));
    const seconds = Math.round((performance.now() - start) / 1000);
    endProgress(`${number} ${part.name}: done in ${seconds} s`);
  }
  const { quick, effort, json } = options;
  const result: Result = {
    startedAt,
    quick,
    rounds: effort.rounds,
    sliceMs: effort.sliceMs,
    machine: machine(),
    versions: versions(),
    sections,
    sizes,
    bars: evaluateBars({ sections, sizes }),
  };
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify(result)}\n`);
  }
  print(result);
  return sections.some(({ leftOut }) => leftOut.length > 0) ? 1 : 0;
}

function print(result: Result): void {
  for (const section of result.sections) {
    console.log(`\n${section.title}\n\n${sectionTable(section)}\n\n${noiseLine(section)}`);
    for (const { name, why } of section.leftOut) {
      console.log(`Left out, because it does not do what it should: ${name} (${why}).`);
    }
  }
  if (result.sizes.length > 0) {
    console.log(`\nsizes\n\n${sizeTable(result)}`);
  }
  if (result.bars.length > 0) {
    console.log(`\npromises\n\n${barTable(result.bars)}\n\n${barLine(result.bars)}`);
  }
  if (result.quick) {
    console.log("This was a quick run: it shows that everything works, the figures mean little.");
  }
}

/** Where somebody watches, one line that changes. */
function showProgress(what: string): void {
  if (process.stderr.isTTY) {
    clearLine(process.stderr, 0);
    cursorTo(process.stderr, 0);
    process.stderr.write(what);
  }
}

function endProgress(what: string): void {
  showProgress(what);
  process.stderr.write(process.stderr.isTTY ? "\n" : `${what}\n`);
}

try {
  process.exitCode = await main();
} catch (problem) {
  if (!(problem instanceof BadArguments)) {
    throw problem;
  }
  console.error(`${problem.message}\n\n${usage}`);
  process.exitCode = 2;
}
process.exit();
