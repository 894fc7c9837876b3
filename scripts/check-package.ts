// Packs the package, checks what is in it, and uses it in an empty project as
// README.md says.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { codeBlocksOf, runProject } from "./readme-project.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "errchain-package-"));

function run(cwd: string, command: string, ...args: string[]): string {
  console.log(`$ ${command} ${args.join(" ")}`);
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  } catch (err) {
    console.error((err as { stdout?: string }).stdout);
    throw err;
  }
}

try {
  const tarball = pack();
  run(root, "publint", "--strict", tarball);
  run(root, "attw", "--profile", "esm-only", tarball);
  await useInEmptyProject(tarball);
  console.log("the packed package works");
} finally {
  rmSync(folder, { recursive: true });
}

function pack(): string {
  const [packed] = Object.values(
    JSON.parse(run(root, "npm", "pack", "--json", "--pack-destination", folder)),
  ) as { filename: string; size: number; files: { path: string }[] }[];
  if (packed === undefined) {
    throw new Error("npm pack said nothing");
  }
  const { filename, size, files } = packed;
  console.log(`${filename}: ${files.length} files, ${size} bytes`);
  const expected = /^(dist|gen|proto)\/(?!.*\.test\.)|^(README\.md|LICENSE|package\.json)$/;
  const strays = files.filter(({ path }) => !expected.test(path));
  if (strays.length > 0) {
    throw new Error(`these do not belong in the package: ${strays.map((f) => f.path).join(", ")}`);
  }
  return join(folder, filename);
}

/** Follows README.md, once with the packages that npm chooses, once with the oldest peers. */
async function useInEmptyProject(tarball: string): Promise<void> {
  const blocks = codeBlocksOf(join(root, "README.md"));
  const block = (name: string) => blocks.find((b) => b.name === name)?.text;
  const [peers = [], tools = []] = blocks
    .filter(({ text }) => text.startsWith("npm install "))
    .map(({ text }) => text.trim().split(" ").slice(2));
  const oldest = Object.entries(packageJson.peerDependencies).map(
    ([name, range]) => `${name}@${range.replace("^", "")}`,
  );
  const versions: Record<string, string> = packageJson.devDependencies;
  const pinned = tools.map((tool) => `${tool}@${versions[tool]}`);
  for (const chosen of [peers.filter((name) => name !== "errchain"), oldest]) {
    const project = mkdtempSync(join(folder, "project-"));
    writeFileSync(join(project, "package.json"), "{}");
    run(project, "npm", "install", tarball, ...chosen, ...pinned);
    const printed = await runProject(blocks, project);
    if (
      printed.client !== block("client output") ||
      printed.clientWithoutServer !== block("client output without server")
    ) {
      throw new Error(`the project printed this: ${JSON.stringify(printed)}`);
    }
  }
}
