import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const demo = join(root, "examples", "three-hop", "demo.ts");
const run = promisify(execFile);

test("the demo plays its scenes in under 10 s and leaves no process behind", async () => {
  const { stdout, stderr } = await run("node", [demo], { cwd: root, timeout: 10_000 });
  expect(stderr).toBe("");
  const [, a, b, c, d, e, f, g, h] = stdout.split(/^\([a-h]\) /m);

  expect(a).toContain(
    "└─ ROUTE_DISPATCH_20003 no delivery range is configured for Mill Lane 3, 21037, product FRESH  [root cause]",
  );
  expect(a).toContain("FailedPrecondition: order cannot be promised");
  expect(codesIn(a)).toEqual(["WMS_ORDER_10001", "PROMISE_ETA_10002", "ROUTE_DISPATCH_20003"]);

  expect(b).toContain("Internal: ");
  expect(b).toContain("└─ ROUTE_DISPATCH_1 an unexpected error occurred  [filled in, root cause]");
  expect(b).not.toMatch(/TypeError|route\.ts|node:/);
  expect(codesIn(b)).toEqual(["WMS_ORDER_2", "PROMISE_ETA_2", "ROUTE_DISPATCH_1"]);

  expect(c).toContain("Unavailable: ");
  expect(c).toContain(
    "└─ ROUTE_DISPATCH_3 the system could not be reached  [observed by the caller, root cause]",
  );
  expect(codesIn(c)).toEqual(["WMS_ORDER_2", "PROMISE_ETA_2"]);

  expect(d).toContain("OK: tomorrow, with the tour Hamburg Mitte");
  expect(codesIn(d)).toEqual([]);

  const [, inside, partner, stranger, support] =
    e?.split(/A system of the company:|A partner:|The public:|Support,/) ?? [];
  expect(inside).toContain("└─ PROMISE_ETA_10002");
  expect(partner).toContain("└─ PROMISE_ETA_10002 no delivery time");
  expect(stranger).toMatch(/WMS_ORDER_10001 .*\n +└─ ROUTE_DISPATCH_20003 no delivery range/);
  expect(stranger).not.toContain("PROMISE");
  expect(support).toMatch(/WMS_ORDER_10001[\s\S]*PROMISE_ETA_10002[\s\S]*ROUTE_DISPATCH_20003/);

  expect(f).toContain("DeadlineExceeded: ");
  expect(f).toContain(
    "└─ ROUTE_DISPATCH_4 the system did not answer in time  [observed by the caller, root cause]",
  );
  expect(codesIn(f)).toEqual(["WMS_ORDER_2", "PROMISE_ETA_2"]);

  expect(g).toMatch(/WMS_ORDER_10001 .*\n +└─ PROMISE_ETA_10002 .*\n +└─ ROUTE_DISPATCH_20003 /);
  expect(g).toContain("[inferred, root cause]");

  expect(h).toMatch(/WMS_ORDER_2 .*\n +└─ PROMISE_ETA_2 .*\[observed by the caller\]\n/);
  expect(h).toMatch(/└─ ROUTE_DISPATCH_20003 .*\[root cause\]/);
  expect(codesIn(h)).toEqual(["WMS_ORDER_2", "ROUTE_DISPATCH_20003"]);

  const traceIds = (scene = "") => new Set([...scene.matchAll(/[0-9a-f]{32}(?=\|)/g)].map(String));
  for (const scene of [a, b, c, f, g]) {
    expect(traceIds(scene).size).toBe(1);
  }
});

/** The full codes in the log lines of a scene. */
function codesIn(scene = ""): string[] {
  return [...scene.matchAll(/[0-9a-f]{32}\|(\w+)\|/g)].map(([, code = ""]) => code);
}

test("with --serve the demo prints curl lines that work", async () => {
  const child = spawn("node", [demo, "--serve"], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    printed += text;
  });
  await expect.poll(() => printed, { timeout: 10_000 }).toContain("Ctrl-C");
  const curls = printed.split("\n").filter((line) => line.startsWith("curl "));
  expect(curls).toHaveLength(5);
  const sh = async (command = "") => (await run("sh", ["-c", command], { cwd: root })).stdout;
  const [good, missingRange, asPublic] = curls;
  expect(await sh(good)).toContain("tomorrow");
  expect(await sh(`${missingRange} | npx errchain decode`)).toContain("└─ PROMISE_ETA_10002");
  const decoded = await sh(`${asPublic} | npx errchain decode`);
  expect(decoded).toMatch(/^WMS_ORDER_10001 .*\n└─ ROUTE_DISPATCH_20003 /);
  expect(decoded).not.toContain("PROMISE");
  const [, key = ""] = /echo (errchain-key-\S+) >/.exec(printed) ?? [];
  const keyFile = join(mkdtempSync(join(tmpdir(), "errchain-demo-")), "key");
  writeFileSync(keyFile, key);
  const opened = await sh(`${asPublic} | npx errchain open --key-file ${keyFile}`);
  expect(opened).toContain("└─ PROMISE_ETA_10002");
  expect(opened).toContain("ROUTE warehouse_id: HH-3");
  const closed = once(child, "close");
  child.kill("SIGINT");
  const [exitCode] = await closed; // of all processes that share its stdout, so the systems too
  expect(exitCode).toBe(0);
});

test("the demo says how to use it when it is asked something unknown", async () => {
  await expect(run("node", [demo, "--sevre"])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/Unknown option '--sevre'[\s\S]*Usage: npm run demo/),
  });
});
