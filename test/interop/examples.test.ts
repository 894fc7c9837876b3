import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { rootCause } from "errchain";
import { describe, expect, onTestFinished, test } from "vitest";
import { RouteService } from "../../examples/three-hop/gen/route/v1/route_pb.js";
import { codeBlocksOf } from "../../scripts/readme-project.ts";
import { whyNot } from "./support/hop.ts";

// Does what the READMEs of the examples say, in two terminals.

const root = join(import.meta.dirname, "..", "..");
const run = promisify(execFile);

describe.each(["go", "python", "java"])("examples/%s", (language) => {
  test.runIf(whyNot(language) === undefined)(
    "prints what its README says",
    async () => {
      const blocks = codeBlocksOf(join(root, "examples", language, "README.md"));
      const port = String(await freePort());
      const [serve = "", call = ""] = blocks
        .filter((block) => block.language === "sh")
        .map(({ text }) => text.replaceAll("50051", port));
      const output = blocks.find((block) => block.language === "text")?.text;

      const server = spawn("bash", ["-ec", serve], {
        cwd: root,
        detached: true, // a group of processes, to be ended as a whole
        stdio: ["ignore", "pipe", "inherit"],
      });
      onTestFinished(() => void process.kill(-(server.pid as number), "SIGKILL"));
      let printed = "";
      server.stdout.setEncoding("utf8").on("data", (text) => {
        printed += text;
      });
      await expect.poll(() => printed, { timeout: 120_000 }).toContain("ROUTE listens");
      const { stdout } = await run("bash", ["-ec", call], { cwd: root });
      expect(stdout.replaceAll("\u001b[0m", "")).toBe(output); // Maven resets the terminal

      // Longer ones go over what C-core takes, since the message travels twice.
      const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` });
      const address = "没".repeat(2_000);
      const answer = createClient(RouteService, transport).findRange({ address });
      const error = ConnectError.from(await answer.catch((err) => err));
      expect(error.code).toBe(Code.FailedPrecondition);
      expect(Buffer.byteLength(error.rawMessage)).toBeLessThanOrEqual(512);
      expect(error.rawMessage).toContain("没没没");
      expect(rootCause(error)).toMatchObject({ system: "ROUTE", code: "20003" });
    },
    180_000,
  );

  test("has no file of more than a hundred lines", () => {
    const files = globSync(`examples/${language}/**/*.{go,py,java}`, { cwd: root });
    const own = files.filter((file) => !/\/(gen|target|\.venv)\//.test(file));
    expect(own.length).toBeGreaterThan(3);
    const long = own.filter(
      (file) => readFileSync(join(root, file), "utf8").trimEnd().split("\n").length > 100,
    );
    expect(long).toEqual([]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return address !== null && typeof address === "object" ? address.port : 0;
}
