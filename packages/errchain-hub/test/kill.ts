// Kills hub and agent under load: npm run test:hub:kill -- --times 50

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePorts } from "./support/free-ports.ts";
import { killRun } from "./support/kill-run.ts";

const { values } = parseArgs({ options: { times: { type: "string", default: "50" } } });
const times = Number(values.times);
if (!Number.isSafeInteger(times) || times < 1) {
  console.error(`--times must be a number from 1 on, not ${values.times}`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "hub-kill-"));
const result = await killRun({ folder, times, ports: await freePorts(), onProgress: console.log });
const { lost, doubled, strange, countsAreRight, integrity, ...numbers } = result;
console.log(numbers);
console.log(`${lost.length} lost, ${doubled.length} doubled, ${strange.length} that nobody sent`);
console.log(`counts are ${countsAreRight ? "right" : "WRONG"}; integrity check: ${integrity}`);
if (lost.length + doubled.length + strange.length > 0 || !countsAreRight || integrity !== "ok") {
  console.error(`FAILED; the data is in ${folder}`);
  console.error([...lost, ...doubled, ...strange].slice(0, 20).join("\n"));
  process.exit(1);
}
rmSync(folder, { recursive: true });
