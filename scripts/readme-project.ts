// Makes a project out of the code in README.md, as a reader would, and runs it.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** A block of code in a Markdown file that begins with ```language name. */
export interface CodeBlock {
  readonly language: string;
  /** What stands behind the language: a file, mostly. May be empty. */
  readonly name: string;
  readonly text: string;
}

export function codeBlocksOf(markdownFile: string): CodeBlock[] {
  const blocks = readFileSync(markdownFile, "utf8").matchAll(
    /^```(\w+)(?: ([^\n]*))?\n(.*?)^```$/gms,
  );
  return [...blocks].map(([, language = "", name = "", text = ""]) => ({ language, name, text }));
}

/** What the programs of the project have printed. */
export interface Printed {
  readonly client: string;
  readonly server: string;
  readonly clientWithoutServer: string;
}

/**
 * Writes the project into a folder that has the packages installed, generates
 * and compiles its code, and runs its server and its client. Throws if a step
 * fails.
 */
export async function runProject(blocks: readonly CodeBlock[], folder: string): Promise<Printed> {
  const port = await freePort();
  const files = blocks.filter(({ name }) => /\.\w+$/.test(name));
  for (const { name, text } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text.replaceAll("8080", String(port)));
  }
  const path = join(folder, "node_modules", ".bin") + delimiter + process.env["PATH"];
  const options = { cwd: folder, env: { ...process.env, PATH: path } };
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { ...options, encoding: "utf8", stdio: "pipe" });

  run("buf", "generate");
  run("tsc");
  run("buf", "build", "proto", "-o", "image.binpb");
  run("errchain", "check", "image.binpb");
  const server = spawn("node", ["dist/server.js"], {
    ...options,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let log = "";
  server.stdout.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  await waitUntilListening(port);
  const client = run("node", "dist/client.js");
  server.kill();
  await once(server, "close");
  return { client, server: log, clientWithoutServer: run("node", "dist/client.js") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const address = server.address();
  server.close();
  return address !== null && typeof address === "object" ? address.port : 0;
}

async function waitUntilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, "localhost");
    const connected = await Promise.race([
      once(socket, "connect").then(
        () => true,
        () => false,
      ),
      setTimeout(1_000, false),
    ]);
    socket.destroy();
    if (connected) {
      return;
    }
    await setTimeout(50);
  }
  throw new Error(`no server came up on port ${port}`);
}
