#!/usr/bin/env node
const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 24) {
  console.error(`errchain-hub needs Node.js 24 or later; this is ${process.version}`);
  process.exit(2);
}
await import("../dist/cli/main.js");
