// npm run blame -- --graphs 500 --seed 1

import { parseArgs } from "node:util";
import { isGood, runGraphs, summarize, type Verdict } from "./blame.ts";

const usage = `usage: npm run blame -- [--graphs N] [--seed N] [--concurrency N]

Lets random systems fail in random ways, and counts how often the answer at the
entry names the one with the fault.

  --graphs N       how many graphs (default 500)
  --seed N         which graphs: another seed gives other ones (default 1)
  --concurrency N  how many at the same time (default 8)`;

function parseNumbers(): Record<"graphs" | "seed" | "concurrency", number> | "help" {
  const { values } = parseArgs({
    options: {
      graphs: { type: "string", default: "500" },
      seed: { type: "string", default: "1" },
      concurrency: { type: "string", default: "8" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    return "help";
  }
  const number = (name: "graphs" | "seed" | "concurrency") => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new TypeError(`--${name} must be a whole number from 1, not "${values[name]}"`);
    }
    return value;
  };
  return {
    graphs: number("graphs"),
    seed: number("seed"),
    concurrency: number("concurrency"),
  };
}

async function main(): Promise<number> {
  let options: ReturnType<typeof parseNumbers>;
  try {
    options = parseNumbers();
  } catch (problem) {
    console.error(`${(problem as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options === "help") {
    console.log(usage);
    return 0;
  }
  const { graphs, seed, concurrency } = options;
  const verdicts: Verdict[] = [];
  const repeated = await runGraphs(
    graphs,
    seed,
    (verdict) => {
      verdicts.push(verdict);
      const { graph, blamed, answer } = verdict;
      if (!isGood(verdict)) {
        console.log(`${graph.fault} in S${graph.expected}: ${blamed}\n  ${answer}`);
      }
      if (process.stderr.isTTY) {
        process.stderr.write(`\r${verdicts.length} of ${graphs} graphs `);
      }
    },
    concurrency,
  );
  const { table, line, good } = summarize(verdicts);
  if (repeated > 0) {
    console.log(`The machine stood still at times; ${repeated} runs were repeated.`);
  }
  console.log(`${table}\n\n${line}`);
  return good ? 0 : 1;
}

process.exit(await main());
