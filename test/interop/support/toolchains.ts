// Builds the hops of the other languages, each with the tools of its language.
// What is built is kept in ../.build, and for Java in ../java/target.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const folder = join(import.meta.dirname, "..");
const root = join(folder, "..", "..");
const built = join(folder, ".build");

/** How to start a hop. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The tools of a language. */
export interface Toolchain {
  readonly language: string;
  /** Builds the hops, one for each RPC library. Rejects with CannotBuild where the machine lacks something. */
  build(): Promise<Readonly<Record<string, Command>>>;
}

/** The machine has not what a language needs. */
export class CannotBuild extends Error {}

export const toolchains: readonly Toolchain[] = [
  {
    language: "ts",
    build: async () => ({ ts: { file: "node", args: [join(folder, "ts/main.ts")] } }),
  },
  { language: "go", build: buildGo },
  { language: "python", build: buildPython },
  { language: "java", build: buildJava },
];

async function buildGo() {
  await need("go", ["version"], "install Go 1.26 or later");
  const hop = join(built, "go", "hop");
  await fetching("go", ["mod", "download"], { cwd: join(folder, "go") });
  await run("go", ["build", "-o", hop, "."], { cwd: join(folder, "go") });
  return {
    go: { file: hop, args: ["grpc"] },
    "go-connect": { file: hop, args: ["connect"] },
  };
}

async function buildPython() {
  const isNewEnough = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
  await need("python3", ["-c", isNewEnough], "install Python 3.11 or later with its module venv");
  const venv = join(built, "python", "venv");
  const python = join(venv, "bin", "python");
  const requirements = ["examples/python/requirements.txt", "test/interop/python/requirements.txt"];
  await unlessFresh(join(built, "python", "installed"), requirements, async () => {
    rmSync(venv, { recursive: true, force: true });
    await run("python3", ["-m", "venv", venv]);
    const file = join(folder, "python", "requirements.txt");
    await fetching(python, ["-m", "pip", "install", "--quiet", "-r", file]);
  });
  const generated = join(built, "python", "gen");
  mkdirSync(generated, { recursive: true });
  const paths = [join(root, "proto"), join(root, "examples/three-hop/proto")];
  const files = paths.flatMap((path) => globSync("*/v1/*.proto", { cwd: path }));
  const include = paths.map((path) => `-I${path}`);
  const out = [`--python_out=${generated}`, `--grpc_python_out=${generated}`];
  await run(python, ["-m", "grpc_tools.protoc", ...include, ...out, ...files]);
  const main = join(folder, "python", "main.py");
  const env = {
    PYTHONPATH: [generated, join(root, "examples/python")].join(":"),
    PYTHONDONTWRITEBYTECODE: "1",
  };
  return {
    python: { file: python, args: [main, "grpc"], env },
    "python-connect": { file: python, args: [main, "connect"], env },
  };
}

async function buildJava() {
  await need("javac", ["--version"], "install a JDK, 17 or later");
  await need("mvn", ["--version"], "install Maven 3.8 or later");
  const sources = [
    "test/interop/java/pom.xml",
    "test/interop/java/src/**/*.java",
    "examples/java/src/**/*.java",
    "{proto,examples/three-hop/proto}/**/*.proto",
  ];
  await unlessFresh(join(folder, "java", "target", "built"), sources, () =>
    fetching("mvn", ["-B", "-ntp", "-q", "clean", "process-classes"], {
      cwd: join(folder, "java"),
    }),
  );
  const target = join(folder, "java", "target");
  const classPath = `${join(target, "classes")}:${join(target, "lib", "*")}`;
  // A short life on few cores: it is not worth while to compile what runs hot.
  const args = ["-XX:TieredStopAtLevel=1", "-cp", classPath, "dev.errchain.interop.Main"];
  return { java: { file: "java", args } };
}

/** Does something unless it was done with the same files before. */
async function unlessFresh(
  stamp: string,
  patterns: readonly string[],
  make: () => Promise<void>,
): Promise<void> {
  const hash = createHash("sha256");
  for (const file of patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  }
  const digest = hash.digest("hex");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== digest) {
    await make();
    mkdirSync(join(stamp, ".."), { recursive: true });
    writeFileSync(stamp, digest);
  }
}

const execute = promisify(execFile);

async function need(file: string, args: readonly string[], advice: string): Promise<void> {
  try {
    await execute(file, args);
  } catch {
    throw new CannotBuild(`${file} is missing or too old: ${advice}`);
  }
}

/** Runs a step that downloads packages: without a network the machine cannot do it. */
async function fetching(file: string, args: readonly string[], options = {}): Promise<void> {
  try {
    await run(file, args, options);
  } catch (err) {
    if (err instanceof Error && NO_NETWORK.test(err.message)) {
      throw new CannotBuild(`its packages cannot be downloaded: ${err.message}`);
    }
    throw err;
  }
}

const NO_NETWORK =
  /no such host|dial tcp|i\/o timeout|NewConnectionError|Could not (transfer|resolve|find) |Unknown host|Non-resolvable/;

async function run(file: string, args: readonly string[], options = {}): Promise<void> {
  try {
    await execute(file, args, { maxBuffer: 1 << 24, ...options });
  } catch (err) {
    const { stdout, stderr } = err as { stdout: string; stderr: string };
    const tail = `${stdout}${stderr}`.trim().split("\n").slice(-20).join("\n");
    throw new Error(`${file} ${args.join(" ")} failed:\n${tail}`);
  }
}
