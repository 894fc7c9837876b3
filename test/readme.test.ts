import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { codeBlocksOf, runProject } from "../scripts/readme-project.ts";

const root = join(import.meta.dirname, "..");
const blocks = codeBlocksOf(join(root, "README.md"));
const block = (name: string) => blocks.find((b) => b.name === name)?.text;

/** An empty project of a reader, with the packages installed. */
function newFolder(): string {
  const folder = join(root, "test", ".readme");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules", "errchain"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("the code in the README compiles, runs, and prints what the README says", async () => {
  const printed = await runProject(blocks, newFolder());
  expect(printed.client).toBe(block("client output"));
  expect(printed.clientWithoutServer).toBe(block("client output without server"));
  expect(printed.server).toMatch(/^[0-9a-f]{32}\|ROUTE_DISPATCH_20003\|no delivery range .*\n$/);
});

test("the commands about the catalog find what a change breaks, in a clone as CI has it", () => {
  const upstream = newFolder();
  const temporary = mkdtempSync(join(tmpdir(), "errchain-readme-"));
  onTestFinished(() => rmSync(temporary, { recursive: true }));
  const run = (folder: string, script: string) =>
    spawnSync("bash", ["-euc", script], {
      cwd: folder,
      env: { ...process.env, TMPDIR: temporary },
      encoding: "utf8",
    });
  for (const { name, text } of blocks.filter((b) => /\.(proto|yaml)$/.test(b.name))) {
    mkdirSync(dirname(join(upstream, name)), { recursive: true });
    writeFileSync(join(upstream, name), text);
  }
  const made = run(
    upstream,
    `git init -qb main && git add buf.yaml proto
    git -c user.name=Reader -c user.email=reader@example.com commit -qm "First"
    git clone -q --depth 1 "file://$PWD" clone && cd clone && git switch -qc change && git branch -D main
    ln -s ../node_modules`,
  );
  expect(made).toMatchObject({ status: 0 });
  const folder = join(upstream, "clone");
  const shell = blocks.filter(({ language, text }) => language === "sh" && text.includes("binpb"));
  const commands = shell.map(({ text }) => text).join("");
  expect(commands).toContain("--against");
  expect(run(folder, commands)).toMatchObject({ status: 0 });

  const proto = join(folder, "proto/route/v1/route.proto");
  writeFileSync(proto, readFileSync(proto, "utf8").replace("FAILED_PRECONDITION", "NOT_FOUND"));
  const { status, stdout } = run(folder, commands);
  expect(status).toBe(1);
  expect(stdout).toContain("status-changed: ROUTE_DISPATCH_20003");
});

test("the commands in the READMEs exist", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const files = ["README.md", "examples/three-hop/README.md"];
  const shell = files
    .flatMap((file) => codeBlocksOf(join(root, file)))
    .filter((b) => b.language === "sh");
  const commands = shell.flatMap(({ text }) => [
    ...text.matchAll(/npm (?:run )?(?:--silent )?(\w+)/g),
  ]);
  const names = commands
    .map(([, name = ""]) => name)
    .filter((name) => !["ci", "install"].includes(name));
  expect(new Set(names)).toEqual(new Set(["demo", "test"]));
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(names));
});

test("every block of code in the README is a file of the project, a command or an output", () => {
  const others = blocks.filter(({ name }) => !/\.\w+$/.test(name));
  expect(others.map(({ language }) => language).sort()).toEqual([
    "sh",
    "sh",
    "sh",
    "sh",
    "sh",
    "sh",
    "sh",
    "sh",
    "text",
    "text",
    "text",
  ]);
});
