// Fails where the page's JavaScript has grown over its limit. Run after every build.

import { globSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const limit = 100_000;

const scripts = globSync("**/*.js", { cwd: new URL("../dist/page/", import.meta.url) });
const bytes = scripts
  .map((name) => readFileSync(new URL(`../dist/page/${name}`, import.meta.url)))
  .reduce((sum, script) => sum + gzipSync(script, { level: 9 }).length, 0);
const figures = `${(bytes / 1000).toFixed(1)} kB of JavaScript, gzipped; the limit is ${limit / 1000} kB`;
if (scripts.length === 0 || bytes >= limit) {
  console.error(scripts.length === 0 ? "The page has not been built." : `Too large: ${figures}.`);
  process.exit(1);
}
console.error(`The page: ${figures}.`);
