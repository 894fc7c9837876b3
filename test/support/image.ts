import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

const root = join(import.meta.dirname, "..", "..");

/** A folder with proto files and errchain's own beside them, gone when the test is over. */
export function protoProject(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "errchain-proto-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(root, "proto"), join(folder, "errchain"), { recursive: true });
  const modules = "version: v2\nmodules:\n  - path: proto\n  - path: errchain\n";
  const all = { ...files, "../buf.yaml": modules };
  for (const [name, text] of Object.entries(all)) {
    const file = join(folder, "proto", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

/** Runs buf in a folder, with the plugins of this repository. */
export function buf(folder: string, ...args: string[]): string {
  const bin = join(root, "node_modules", ".bin");
  return execFileSync(join(bin, "buf"), args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Builds the image of proto files and gives its path. */
export function buildImage(files: Readonly<Record<string, string>>): string {
  const folder = protoProject(files);
  buf(folder, "build", "-o", "image.binpb");
  return join(folder, "image.binpb");
}
