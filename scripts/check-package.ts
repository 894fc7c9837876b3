// Packs the package, checks what is in it, and uses it in an empty project as
// README.md says.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
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
  const tarballs = {
    errchain: pack("."),
    "protoc-gen-errchain": pack("packages/protoc-gen-errchain"),
  };
  await useInEmptyProject(tarballs);
  await runHub(tarballs.errchain, pack("packages/errchain-hub"));
  console.log("the packed packages work");
} finally {
  rmSync(folder, { recursive: true });
}

/** Packs a package, checks it, and gives its tarball. */
function pack(path: string): string {
  const [packed] = Object.values(
    JSON.parse(run(join(root, path), "npm", "pack", "--json", "--pack-destination", folder)),
  ) as { filename: string; size: number; files: { path: string }[] }[];
  if (packed === undefined) {
    throw new Error("npm pack said nothing");
  }
  const { filename, size, files } = packed;
  console.log(`${filename}: ${files.length} files, ${size} bytes`);
  const expected = /^(bin|dist|gen|proto)\/(?!.*\.test\.)|^(README\.md|LICENSE|package\.json)$/;
  const strays = files.filter(({ path }) => !expected.test(path));
  if (strays.length > 0) {
    throw new Error(`these do not belong in the package: ${strays.map((f) => f.path).join(", ")}`);
  }
  const tarball = join(folder, filename);
  run(root, "publint", "--strict", tarball);
  if (path === ".") {
    run(root, "attw", "--profile", "esm-only", tarball); // the other has nothing to import
  }
  return tarball;
}

/** Runs the hub where nothing else is installed, and asks it for a trace as its README does. */
async function runHub(...tarballs: string[]): Promise<void> {
  const project = mkdtempSync(join(folder, "hub-"));
  writeFileSync(join(project, "package.json"), "{}");
  run(project, "npm", "install", ...tarballs);
  if (!run(project, "npx", "errchain-hub", "--help").startsWith("Usage: errchain-hub")) {
    throw new Error("errchain-hub --help printed something else");
  }
  const command = join(project, "node_modules", ".bin", "errchain-hub");
  const data = ["--data", join(project, "data")];
  const options = ["--port", "0", "--grpc-port", "0", "--file", "*.log"];
  const hub = spawn(command, [...options, ...data], {
    cwd: project,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(hub, "exit");
  try {
    const [ready] = await Promise.race([once(hub.stdout, "data"), exited]);
    const [, url] = /OTLP.HTTP +(http:\S+)\/v1\/logs/.exec(String(ready)) ?? [];
    if (url === undefined) {
      throw new Error(`the hub did not start: ${ready}`);
    }
    writeFileSync(join(project, "route.log"), "order-17|ROUTE_DISPATCH_20003|no range\n");
    await printsTrace(command, ["trace", "--hub", url, ...data, "order-17"]);
  } finally {
    hub.kill();
  }
  const [code] = await exited;
  if (code !== 0) {
    throw new Error(`the hub ended with exit code ${code}`);
  }
}

/** Asks for a trace until the hub has read the log, for 20 seconds. */
async function printsTrace(command: string, args: string[]): Promise<void> {
  for (let left = 40; ; left--) {
    const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (stdout.includes("ROUTE_DISPATCH_20003 no range  [first fault]")) {
      return;
    }
    if (left === 0) {
      throw new Error(`errchain-hub trace printed this: ${stdout}${stderr}`);
    }
    await setTimeout(500);
  }
}

/**
 * Follows README.md in an empty project: with the packages that npm chooses, with
 * the oldest peers, and with the previous major version of TypeScript.
 */
async function useInEmptyProject(tarballs: Readonly<Record<string, string>>): Promise<void> {
  const blocks = codeBlocksOf(join(root, "README.md"));
  const block = (name: string) => blocks.find((b) => b.name === name)?.text;
  const versions: Record<string, string> = packageJson.devDependencies;
  const { peerDependencies } = packageJson;
  const [peers = [], tools = []] = blocks
    .filter(({ text }) => text.startsWith("npm install "))
    .map(({ text }) => text.trim().split(" ").slice(2));
  const newest = [
    ...peers,
    ...tools.map((tool) => (versions[tool] ? `${tool}@${versions[tool]}` : tool)),
  ];
  const oldestPeers = newest.map((name) =>
    name in peerDependencies
      ? `${name}@${peerDependencies[name as keyof typeof peerDependencies].replace("^", "")}`
      : name,
  );
  const previous = versions["typescript-previous"]?.replace("npm:", "") ?? "";
  const olderTypeScript = newest.map((name) => (name.startsWith("typescript@") ? previous : name));
  for (const packages of [newest, oldestPeers, olderTypeScript]) {
    const project = mkdtempSync(join(folder, "project-"));
    writeFileSync(join(project, "package.json"), "{}");
    run(project, "npm", "install", ...packages.map((name) => tarballs[name] ?? name));
    const printed = await runProject(blocks, project);
    if (
      printed.client !== block("client output") ||
      printed.clientWithoutServer !== block("client output without server")
    ) {
      throw new Error(`the project printed this: ${JSON.stringify(printed)}`);
    }
  }
}
