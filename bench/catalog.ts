// How long checks and generation take for a large catalog: npm run bench:catalog

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FILES = 200;
const CODES_A_FILE = 25;

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "errchain-bench-"));
try {
  cpSync(join(root, "proto"), join(folder, "errchain"), { recursive: true });
  writeFileSync(
    join(folder, "buf.yaml"),
    "version: v2\nmodules:\n  - path: proto\n  - path: errchain\n",
  );
  for (let n = 0; n < FILES; n++) {
    const file = join(folder, "proto", `system${n}`, "v1");
    mkdirSync(file, { recursive: true });
    writeFileSync(join(file, "errors.proto"), errorsProto(n));
  }
  console.log(`${FILES * CODES_A_FILE} codes in ${FILES} files`);
  run("buf", "build", "-o", "image.binpb");
  run("errchain", "check", "image.binpb");
  run("errchain", "check", "image.binpb", "--against", "image.binpb");
  run("errchain", "docs", "image.binpb");
  for (const target of ["ts", "js+dts"]) {
    const plugin = {
      local: "protoc-gen-errchain",
      out: "gen",
      opt: `target=${target}`,
      strategy: "all",
    };
    const inputs = [{ directory: "proto" }];
    writeFileSync(
      join(folder, "buf.gen.yaml"),
      JSON.stringify({ version: "v2", inputs, plugins: [plugin] }),
    );
    run("buf", "generate");
  }
} finally {
  rmSync(folder, { recursive: true });
}

function errorsProto(n: number): string {
  const values = Array.from(
    { length: CODES_A_FILE },
    (_, code) => `
  // What is meant by the code number ${code}, in a sentence of the usual length.
  SYSTEM${n}_ERROR_CODE_${code} = ${1000 + code} [(errchain.v1.error) = {
    status: FAILED_PRECONDITION
    message: "the thing {thing} is not as {expected} of system ${n}"
    visibility: PARTNER
    private_args: "id"
    remedy: "Do something about it."
  }];`,
  );
  return `syntax = "proto3";
package system${n}.v1;
import "errchain/v1/catalog.proto";
enum System${n}Error {
  option (errchain.v1.catalog) = {system: "SYSTEM${n}" owner: "team"};
  SYSTEM${n}_ERROR_UNSPECIFIED = 0;${values.join("")}
}
`;
}

function run(command: string, ...args: string[]): void {
  const start = performance.now();
  execFileSync(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1e9 });
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  console.log(`${seconds} s  ${command} ${args.join(" ")}`);
}
