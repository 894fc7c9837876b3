import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { HUB, startHub, testFolder } from "./support/hub-process.ts";
import { linesBytes, postLogs } from "./support/otlp.ts";

/** Runs the command to its end. */
function run(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [HUB, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
    timeout: 15_000,
  });
  return { status, stdout, stderr };
}

test.each([[], ["agent"], ["trace"]])("--help of %s", (...command) => {
  const { status, stdout, stderr } = run([...command, "--help"]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^Usage: errchain-hub/);
  for (const text of stdout.split("\n")) {
    expect(text.length).toBeLessThanOrEqual(90);
  }
});

describe("bad input is one line that says what was expected", () => {
  test.each([
    [["serv"], 'there is no command "serv"; there are: agent, serve, trace'],
    [["--prot=1"], "Unknown option '--prot'"],
    [["--port=x"], '--port must be a whole number, not "x"'],
    [["--port=70000"], "--port must be a port"],
    [["--retention-bytes=big"], "--retention-bytes must be a size such as 500M or 10G"],
    [
      ["--retention-days=500", "--count-days=400"],
      "--count-days must not be less than --retention-days",
    ],
    [["--token=abc"], "--token must have at least 8 characters"],
    [["--catalog=missing.binpb"], "cannot use the catalog missing.binpb"],
    [["--pattern=("], "--pattern: the pattern is no regular expression"],
    [["--config=missing.json"], "cannot read the config file missing.json"],
    [["x.log", "--port=1"], 'there is no command "x.log"'],
    [["--port=1", "x"], "nothing is expected after the options: x"],
    [["agent"], "agent needs --file"],
    [["agent", "--file=x", "--hub=nowhere"], "--hub must be an address"],
    [["agent", "--file=x", "--hub=http://h/?token=t"], "--hub must be an address without ? and #"],
    [["agent", "--file=x", "--hub=http://u:p@h"], "--hub must be an address without a user name"],
    [
      ["agent", "--file=x", "--buffer=0"],
      "--buffer must be at least 1M; 0 does not stand for any size",
    ],
    [["agent", "--file=x", "--buffer=16K"], "--buffer must be at least 1M, not 16K"],
    [["trace"], "trace needs a trace ID"],
    [["trace", "--hub=http://127.0.0.1:9", "abc"], "no hub can be reached at http://127.0.0.1:9"],
  ])("%j", (args, message) => {
    const { status, stdout, stderr } = run(args);
    expect(stderr).toContain(`errchain-hub: ${message}`);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect([status, stdout]).toEqual([2, ""]);
  });

  test("a port or a folder that is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const taken = run(["--data", testFolder(), `--port=${port}`, "--grpc-port=0"]);
    server.close();
    expect(taken.stderr).toContain(
      `port ${port} of 127.0.0.1 is in use; choose another with --port`,
    );
    expect(taken.status).toBe(2);
    const hub = await startHub();
    const second = run(["--data", hub.folder, "--port=0", "--grpc-port=0"]);
    expect(second.stderr).toContain(`another process uses the folder ${hub.folder}`);
    expect(second.status).toBe(2);
  });
});

test("the command line counts before the environment, and that before the config file", async () => {
  const folder = testFolder();
  const config = join(folder, "hub.json");
  writeFileSync(config, JSON.stringify({ port: "x", "grpc-port": 0, "no-auth": true }));
  expect(run(["--config", config]).stderr).toContain('--port must be a whole number, not "x"');
  const env = { ERRCHAIN_HUB_PORT: "y", ERRCHAIN_HUB_CONFIG: config };
  expect(run([], env).stderr).toContain('not "y"');
  expect(run(["--port=z"], env).stderr).toContain('not "z"');
  writeFileSync(config, JSON.stringify({ prot: 1 }));
  expect(run(["--config", config]).stderr).toContain('has "prot"; there are: data, host, port');
  writeFileSync(config, JSON.stringify({ file: 1 }));
  expect(run(["--config", config]).stderr).toContain("must be a string or an array of strings");
  expect(run([], { ERRCHAIN_HUB_NO_AUTH: "perhaps" }).stderr).toContain("must be true or false");
});

test("what is set to nothing is not set", async () => {
  // As of a variable that a script did not find: --host "$HUB_HOST".
  const config = join(testFolder(), "hub.json");
  writeFileSync(config, JSON.stringify({ host: "", file: [""], "retention-days": "" }));
  const empty = ["--host=", "--token=", "--file=", "--retention-bytes=", "--catalog="];
  for (const args of [empty, ["--config", config]]) {
    const hub = await startHub({ args });
    // Another address of this machine, which a hub on all of them would answer at.
    const other = hub.httpUrl.replace("127.0.0.1", "127.0.0.2");
    await expect(fetch(`${other}/healthz`)).rejects.toThrow();
    expect((await hub.api.getStatus({})).files).toEqual([]);
  }
  expect(run(["agent", "--config=", "--file="]).stderr).toContain("agent needs --file");
});

test.skipIf(process.platform === "win32")("only its user can read what a hub keeps", async () => {
  const folder = testFolder();
  chmodSync(folder, 0o755);
  const hub = await startHub({ folder });
  await postLogs(hub, linesBytes(["t|A_1000|m"]));
  const files = readdirSync(folder);
  expect(files).toContain("hub.sqlite-wal");
  for (const file of files) {
    expect([file, statSync(join(folder, file)).mode & 0o077]).toEqual([file, 0]);
  }
});

test.each(["lock", "hub.sqlite"])("a file that is no database is named: %s", (name) => {
  const folder = testFolder();
  const file = join(folder, name);
  writeFileSync(file, "x".repeat(5000));
  const garbage = run(["--data", folder, "--port=0", "--grpc-port=0"]);
  expect(garbage.stderr).toContain(`cannot open ${file}: file is not a database`);
  expect(garbage.stderr).not.toContain("another process");
  expect(garbage.status).toBe(2);
  rmSync(file);
  mkdirSync(file);
  const missing = run(["--data", folder, "--port=0", "--grpc-port=0"]);
  expect(missing.stderr).toContain(`cannot open ${file}: unable to open database file`);
  expect(missing.status).toBe(2);
});

test("one config file serves all commands", async () => {
  const hub = await startHub();
  await postLogs(hub, linesBytes(["order-17|ROUTE_DISPATCH_20003|no range"]));
  const config = join(testFolder(), "hub.json");
  const { httpUrl, folder } = hub;
  writeFileSync(config, JSON.stringify({ port: 4318, hub: httpUrl, data: folder, buffer: "1G" }));
  const found = run(["trace", "--config", config, "order-17"]);
  expect([found.status, found.stderr]).toEqual([0, ""]);
  writeFileSync(config, JSON.stringify({ prot: 1, hub: httpUrl }));
  expect(run(["trace", "--config", config, "order-17"]).stderr).toContain('has "prot"');
});

test.each(["0", "500"])("counts are kept as long as traces: %s days", async (days) => {
  const hub = await startHub({ args: [`--retention-days=${days}`] });
  expect(await hub.stop()).toBe(0);
});

test("trace prints the tree, and finds the token of a hub on this machine", async () => {
  const hub = await startHub();
  await postLogs(hub, linesBytes(["order-17|ROUTE_DISPATCH_20003|no range"]));
  const asked = ["trace", "--hub", hub.httpUrl, "--data", hub.folder];
  const found = run([...asked, "order-17|WMS_1|something"]);
  expect(found.stdout).toContain("ROUTE (module DISPATCH) failed first: no range");
  expect(found.stdout).toContain("ROUTE_DISPATCH_20003 no range  [first fault]");
  expect(found.status).toBe(0);
  const unknown = run([...asked, "order-18"]);
  expect(unknown.stderr).toMatch(/^errchain-hub: no failure of this trace has come in/);
  expect(unknown.status).toBe(1);
  const stranger = run(["trace", "--hub", hub.httpUrl, "--data", testFolder(), "order-17"]);
  expect(stranger.stderr).toContain("the hub needs its token");
});

test("stops when asked, with all it has acknowledged", async () => {
  const hub = await startHub();
  await postLogs(hub, linesBytes(["t|A_1000|m"]));
  expect(await hub.stop()).toBe(0);
  expect(hub.stderr()).toBe("");
  const again = await startHub({ folder: hub.folder });
  expect((await again.api.getTrace({ text: "t" })).trace?.hops).toHaveLength(1);
});

test("a client that goes on over the same connection does not hold up the end", async () => {
  const hub = await startHub();
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const sender = request(`${hub.httpUrl}/v1/logs`, {
    method: "POST",
    agent,
    headers: { ...hub.headers, "content-type": "application/json" },
  });
  sender.write("{");
  const [socket] = await once(sender, "socket");
  await expect.poll(() => socket.bytesWritten).toBeGreaterThan(0);
  const stopped = hub.stop();
  await expect.poll(() => fetch(hub.httpUrl).then(Boolean, () => false)).toBe(false);
  const answered = once(sender, "response");
  sender.end("}");
  const [response] = await answered;
  expect([response.statusCode, response.headers.connection]).toEqual([200, "close"]);
  expect(await stopped).toBe(0);
});
