import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

test("a project of CommonJS modules compiles and runs", async () => {
  const folder = await mkdtemp(join(tmpdir(), "errchain-commonjs-"));
  const run = async (command: string, ...args: string[]) => {
    const { stdout } = await promisify(execFile)(command, args, { cwd: folder });
    return stdout;
  };
  try {
    // connect-es and protobuf-es have copies and types of their own for such projects.
    await writeFile(join(folder, "package.json"), '{ "type": "commonjs" }');
    await mkdir(join(folder, "node_modules"));
    await symlink(root, join(folder, "node_modules", "errchain"));
    for (const name of ["@bufbuild", "@connectrpc", "@types"]) {
      await symlink(join(root, "node_modules", name), join(folder, "node_modules", name));
    }
    await cp(join(root, "test/commonjs"), folder, { recursive: true });
    const plugins = [
      { local: "protoc-gen-es", include_imports: true },
      { local: "protoc-gen-errchain", strategy: "all" },
    ].map((plugin) => ({ ...plugin, out: "gen", opt: "target=ts,import_extension=js" }));
    const template = JSON.stringify({ version: "v2", plugins });
    const proto = join(root, "examples/three-hop/proto/route");
    await run("buf", "generate", root, "--path", proto, "--template", template);
    const options = ["--module", "nodenext", "--target", "es2023", "--strict", "--skipLibCheck"];
    await run("tsc", "two-hops.ts", ...options, "--types", "node", "--outDir", "dist");

    const printed = await run("node", "dist/two-hops.js");
    const [line, rest, ...again] = printed.trim().split("\n");
    expect(line).toMatch(/^ROUTE_DISPATCH_20003 no delivery range is configured for 1 Main St/);
    expect(rest).toBe("[ '20003' ] { address: '1 Main St', product: 'milk' }");
    expect(again).toEqual([line, rest]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
