import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** Runs the command as `npx errchain` does, with a text that comes by and by as standard input. */
export async function errchain(
  args: readonly string[],
  input: string | Uint8Array = "",
  delayMs = 0,
) {
  const command = join(import.meta.dirname, "..", "..", "bin", "errchain.js");
  const child = spawn("node", [command, ...args]);
  child.stdin.on("error", () => {}); // it need not read its input
  setTimeout(() => child.stdin.end(input), delayMs);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: Number(code), stdout, stderr };
}
