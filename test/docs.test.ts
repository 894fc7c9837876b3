import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { codeBlocksOf } from "../scripts/readme-project.ts";

const root = join(import.meta.dirname, "..");
const folder = join(root, "test", ".docs");

const useSink = `
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { createServerInterceptor } from "errchain/server";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { toPino } from "./pino-sink.ts";

const transport = createRouterTransport(
  (router) =>
    router.service(ProbeService, {
      unary() {
        throw new ConnectError("no such probe", Code.NotFound);
      },
    }),
  { router: { interceptors: [createServerInterceptor({ onError: [toPino] })] } },
);
await createClient(ProbeService, transport).unary({}).catch(() => {});
`;

test("the code in docs/observability.md compiles, and the sink for pino writes", () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const blocks = codeBlocksOf(join(root, "docs/observability.md"));
  const files = blocks.filter(({ language }) => language === "ts").map(({ name }) => name);
  expect(files).toEqual(["sdk2-events.ts", "pino-sink.ts"]);
  for (const { language, name, text } of blocks) {
    if (language === "ts") {
      writeFileSync(join(folder, name), text);
    }
  }
  writeFileSync(join(folder, "use-sink.ts"), useSink);
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"] }),
  );
  const run = (command: string, ...args: string[]) =>
    execFileSync(join(root, "node_modules/.bin", command), args, { cwd: folder, encoding: "utf8" });

  run("tsc", "-p", folder);
  expect(JSON.parse(run("node", "use-sink.ts"))).toMatchObject({
    level: 50,
    msg: "no such probe",
    code: "PROBE_ALPHA_1",
    root_code: "PROBE_ALPHA_1",
    procedure: "probe.v1.ProbeService/Unary",
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    err: { type: "ConnectError", stack: expect.any(String) },
  });
  rmSync(folder, { recursive: true });
});
