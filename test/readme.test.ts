import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { codeBlocksOf, runProject } from "../scripts/readme-project.ts";

const root = join(import.meta.dirname, "..");
const blocks = codeBlocksOf(join(root, "README.md"));
const block = (name: string) => blocks.find((b) => b.name === name)?.text;

test("the code in the README compiles, runs, and prints what the README says", async () => {
  const folder = join(root, "test", ".readme");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules", "errchain"));
  const printed = await runProject(blocks, folder);
  expect(printed.client).toBe(block("client output"));
  expect(printed.clientWithoutServer).toBe(block("client output without server"));
  expect(printed.server).toMatch(/^[0-9a-f]{32}\|ROUTE_DISPATCH_20003\|no delivery range .*\n$/);
  rmSync(folder, { recursive: true });
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
    "text",
    "text",
    "text",
  ]);
});
