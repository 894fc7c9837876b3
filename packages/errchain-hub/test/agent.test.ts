import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { HUB, type HubProcess, spawnHub, startHub, testFolder } from "./support/hub-process.ts";

/** Starts an agent that ends with the test. */
function startAgent(
  hub: Pick<HubProcess, "httpUrl" | "token">,
  files: string,
  state: string,
  ...args: string[]
): ChildProcess & { log(): string } {
  const child = spawn(
    process.execPath,
    [
      HUB,
      "agent",
      "--file",
      files,
      "--hub",
      hub.httpUrl,
      "--token",
      hub.token,
      "--state",
      state,
      ...args,
    ],
    { stdio: ["ignore", "inherit", "pipe"] },
  );
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return Object.assign(child, { log: () => log });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

/** The messages of all lines that the hub has. */
async function messages({ api }: HubProcess): Promise<string[]> {
  const found: string[] = [];
  let pageToken = "";
  do {
    const page = await api.searchTraces({ limit: 500, pageToken });
    found.push(...page.traces.map(({ rootMessage }) => rootMessage));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return found.sort();
}

const line = (n: number | string) => `trace-${n}|ROUTE_DISPATCH_20003|${n}\n`;

async function expectLines(hub: HubProcess, expected: readonly (number | string)[]): Promise<void> {
  await expect.poll(() => messages(hub), { timeout: 20_000 }).toEqual(expected.map(String).sort());
  expect((await hub.api.getStatus({})).recordCount).toBe(BigInt(expected.length));
}

function logFolder(): { folder: string; file: string } {
  const folder = testFolder();
  mkdirSync(join(folder, "logs"));
  return { folder, file: join(folder, "logs", "a.log") };
}

/** Changes how far an agent says that it has read, while it does not run. */
function changeCheckpoints(state: string, change: (checkpoint: object) => object): void {
  const db = new DatabaseSync(join(state, "agent.sqlite"));
  const set = db.prepare("UPDATE checkpoint SET data = ? WHERE generation = ?");
  for (const { generation = "", data } of db.prepare("SELECT * FROM checkpoint").all()) {
    set.run(JSON.stringify(change(JSON.parse(String(data)))), generation);
  }
  db.close();
}

test("follows files through rotation, truncation, deletion and new files", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  writeFileSync(file, `hello\n${line(1)}`);
  startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"));
  await expectLines(hub, [1]);

  appendFileSync(file, "trace-2|ROUTE_DISP"); // a line comes in pieces
  await sleep(300);
  appendFileSync(file, `ATCH_20003|2\n${line(3)}`);
  await expectLines(hub, [1, 2, 3]);

  renameSync(file, `${file}.1`); // rotation: the program goes on in the old file for a while
  appendFileSync(`${file}.1`, line(4));
  writeFileSync(file, line(5));
  appendFileSync(`${file}.1`, line(6));
  await expectLines(hub, [1, 2, 3, 4, 5, 6]);

  copyFileSync(file, `${file}.2`); // copytruncate
  truncateSync(file);
  await sleep(300);
  appendFileSync(file, line(7));
  await expectLines(hub, [1, 2, 3, 4, 5, 6, 7]);

  truncateSync(file); // and at once more than there was before
  appendFileSync(file, `${"x".repeat(500)}\n${line(8)}`);
  await expectLines(hub, [1, 2, 3, 4, 5, 6, 7, 8]);

  unlinkSync(file);
  writeFileSync(file, line(9));
  writeFileSync(join(folder, "logs/b.log"), line(10));
  await expectLines(hub, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}, 60_000);

/** Files that an agent has read for a hub, until it was stopped. */
async function readBefore(content: string) {
  const { folder, file } = logFolder();
  const state = join(folder, "state");
  const hub = await startHub();
  writeFileSync(file, content);
  const agent = startAgent(hub, join(folder, "logs/*.log"), state);
  await expectLines(hub, [1]);
  await end(agent, "SIGTERM");
  expect(agent.exitCode).toBe(0);
  return { folder, file, state, hub };
}

test("goes on where it was after a restart, also in a file that was rotated meanwhile", async () => {
  const { folder, file, state, hub } = await readBefore(line(1));

  appendFileSync(file, line(2));
  renameSync(file, `${file}.1`);
  writeFileSync(file, line(3));
  const second = startAgent(hub, join(folder, "logs/*.log"), state);
  await expectLines(hub, [1, 2, 3]);
  await end(second, "SIGKILL");

  appendFileSync(file, line(4));
  startAgent(hub, join(folder, "logs/*.log"), state);
  await expectLines(hub, [1, 2, 3, 4]);
}, 60_000);

/** What every start of a program prints: more than what a file is known by. */
const banner = `${"=".repeat(300)}\n`;

test("notices that a file was written anew, though its size is the same", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  writeFileSync(file, line(1));
  startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"));
  await expectLines(hub, [1]);
  writeFileSync(file, line(2));
  await expectLines(hub, [1, 2]);
  writeFileSync(file, banner + line(3));
  await expectLines(hub, [1, 2, 3]);
  writeFileSync(file, banner + line(4));
  await expectLines(hub, [1, 2, 3, 4]);
  utimesSync(file, 1, 1); // touched is not written
  await sleep(500);
  appendFileSync(file, line(5));
  await expectLines(hub, [1, 2, 3, 4, 5]);
}, 60_000);

test("notices that a file was written anew between two looks, though it begins the same and is longer", async () => {
  const { folder, file } = logFolder();
  const state = join(folder, "state");
  const hub = await startHub();
  writeFileSync(file, banner + line(1));
  const first = startAgent(hub, join(folder, "logs/*.log"), state);
  await expectLines(hub, [1]);
  first.kill("SIGSTOP");
  writeFileSync(file, banner + line(2) + line(3));
  first.kill("SIGCONT");
  await expectLines(hub, [1, 2, 3]);
  await end(first, "SIGTERM");

  writeFileSync(file, banner + line(4) + line(5) + line(6));
  startAgent(hub, join(folder, "logs/*.log"), state);
  await expectLines(hub, [1, 2, 3, 4, 5, 6]);
}, 60_000);

test.each([
  ["without its last bytes", {}],
  ["with last bytes that a version without them has read past", { offset: 5, hash: "x" }],
])(
  "goes on from the state of another version: %s",
  async (_, tail) => {
    const { folder, file, state, hub } = await readBefore(line(1));
    changeCheckpoints(state, (checkpoint) => {
      expect(checkpoint).toHaveProperty("tail");
      return { ...checkpoint, tail: "offset" in tail ? tail : undefined };
    });
    appendFileSync(file, line(2));
    startAgent(hub, join(folder, "logs/*.log"), state);
    await expectLines(hub, [1, 2]);
  },
  60_000,
);

test.each([
  ["under its name", "a.log"],
  ["rotated meanwhile", "a.log.1"],
])(
  "goes on in a file that is on another device after a restart: %s",
  async (_, name) => {
    const { folder, file, state, hub } = await readBefore(line(1));
    // What a container or a mount gets for a number may be another one every time.
    changeCheckpoints(state, (checkpoint) => ({ ...checkpoint, device: 4711 }));
    appendFileSync(file, line(2));
    renameSync(file, join(folder, "logs", name));
    const second = startAgent(hub, join(folder, "logs/*.log"), state);
    await expectLines(hub, [1, 2]);
    await end(second, "SIGTERM");
    appendFileSync(join(folder, "logs", name), line(3));
    startAgent(hub, join(folder, "logs/*.log"), state);
    await expectLines(hub, [1, 2, 3]);
  },
  60_000,
);

test("does not follow what was rotated away if something else has its inode now", async () => {
  const { folder, file, state, hub } = await readBefore(line(1));
  writeFileSync(file, line("secret"));
  renameSync(file, join(folder, "logs", "else.txt"));
  writeFileSync(file, line(2));
  startAgent(hub, join(folder, "logs/*.log"), state);
  await expectLines(hub, [1, 2]);
}, 60_000);

test("takes no file for one of another device that begins otherwise", async () => {
  const { folder, file, state, hub } = await readBefore(banner + line(1));
  changeCheckpoints(state, (checkpoint) => ({ ...checkpoint, device: 4711 }));
  writeFileSync(file, banner + line(2) + line(3));
  startAgent(hub, join(folder, "logs/*.log"), state);
  await expectLines(hub, [1, 2, 3]);
}, 60_000);

test("goes on in a file whose device gets another number while it is followed", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  const flag = join(folder, "mounted-again");
  const mount = join(folder, "mount.mjs");
  writeFileSync(
    mount,
    `import fs, { existsSync } from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const again = (found) =>
      existsSync(${JSON.stringify(flag)}) ? Object.assign(found, { dev: 4711 }) : found;
    const { open, stat } = fs.promises;
    fs.promises.stat = async (path) => again(await stat(path));
    fs.promises.open = async (path, flags) => {
      const file = await open(path, flags);
      const own = file.stat.bind(file);
      const isAgain = existsSync(${JSON.stringify(flag)});
      file.stat = async () => (isAgain ? again(await own()) : own());
      return file;
    };
    syncBuiltinESMExports();`,
  );
  writeFileSync(file, line(1));
  vi.stubEnv("NODE_OPTIONS", `--import=${mount}`);
  startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"));
  vi.unstubAllEnvs();
  await expectLines(hub, [1]);
  writeFileSync(flag, "");
  for (const n of [2, 3, 4, 5]) {
    appendFileSync(file, line(n)); // before and after it is found again
    await sleep(700);
  }
  await expectLines(hub, [1, 2, 3, 4, 5]);
}, 60_000);

test.skipIf(process.platform !== "linux")(
  "reads many long files in little memory",
  async () => {
    const { folder } = logFolder();
    const hub = await startHub();
    const numbers = Array.from({ length: 400 }, (_, n) => n);
    for (const n of numbers) {
      const path = join(folder, "logs", `${n}.log`);
      writeFileSync(path, "");
      truncateSync(path, 1024 ** 2); // a hole takes no room on the disk
      appendFileSync(path, `\n${line(n)}`);
    }
    const agent = startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"));
    await expectLines(hub, numbers);
    const status = readFileSync(`/proc/${agent.pid}/status`, "utf8");
    const kib = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
    expect(kib / 1024).toBeLessThan(300);
  },
  60_000,
);

test("follows more files than it may open", async () => {
  const { folder } = logFolder();
  const numbers = Array.from({ length: 400 }, (_, n) => n);
  const path = (n: number) => join(folder, "logs", `${n}.log`);
  for (const n of numbers) writeFileSync(path(n), line(n));
  const args = ["--file", join(folder, "logs/*.log")];
  // In the hub, files must leave it some for its connections.
  const wrapper = ["sh", "-c", `ulimit -n 300 && exec "$0" "$@"`];
  const hub = await spawnHub(join(folder, "hub"), args, [0, 0], wrapper);
  onTestFinished(() => hub.kill());
  await expectLines(hub, numbers);

  for (const n of numbers) {
    appendFileSync(path(n), line(`again-${n}`));
    if (n % 3 === 0) renameSync(path(n), `${path(n)}.1`); // perhaps while nobody has it open
    if (n % 6 === 0) writeFileSync(path(n), line(`new-${n}`));
  }
  const again = numbers.map((n) => `again-${n}`);
  const created = numbers.filter((n) => n % 6 === 0).map((n) => `new-${n}`);
  await expectLines(hub, [...numbers, ...again, ...created]);
  expect(hub.stderr()).toBe("");

  for (const n of numbers) rmSync(path(n), { force: true });
  for (const n of numbers) rmSync(`${path(n)}.1`, { force: true });
  const state = new DatabaseSync(join(folder, "hub", "agent", "agent.sqlite"));
  onTestFinished(() => state.close());
  const kept = () => state.prepare("SELECT count(*) AS n FROM checkpoint").get()?.["n"];
  await expect.poll(kept, { timeout: 20_000 }).toBe(0); // nothing of what is deleted
}, 60_000);

test("keeps lines on disk while the hub is away, though their file is gone", async () => {
  const { folder, file } = logFolder();
  const state = join(folder, "state");
  const hub = await startHub();
  const port = Number(new URL(hub.httpUrl).port);
  await hub.kill();
  writeFileSync(file, line(1) + line(2));
  const first = startAgent(hub, join(folder, "logs/*.log"), state);
  await expect.poll(() => first.log(), { timeout: 10_000 }).toContain("cannot send to");
  await end(first, "SIGKILL");
  unlinkSync(file);
  startAgent(hub, join(folder, "logs/*.log"), state);
  const again = await startHub({ folder: hub.folder, ports: [port, 0] });
  await expectLines(again, [1, 2]);
}, 60_000);

test("says that reading waits while the buffer is full, and that it goes on", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  const port = Number(new URL(hub.httpUrl).port);
  await hub.kill();
  const numbers = Array.from({ length: 30_000 }, (_, n) => n); // more than 3 chunks
  writeFileSync(
    file,
    numbers.map((n) => line(n).replace("|ROUTE", `${"x".repeat(99)}|ROUTE`)).join(""),
  );
  const files = join(folder, "logs/*.log");
  const agent = startAgent(hub, files, join(folder, "state"), "--buffer", "1M");
  const full = "the buffer is full (1 MiB): reading waits until the hub has taken lines";
  await expect.poll(() => agent.log(), { timeout: 10_000 }).toContain(full);
  await startHub({ folder: hub.folder, ports: [port, 0] });
  await expect
    .poll(async () => (await hub.api.getStatus({})).recordCount, { timeout: 40_000 })
    .toBe(BigInt(numbers.length));
  await expect.poll(() => agent.log()).toContain("reading goes on");
  const said = agent
    .log()
    .split("\n")
    .filter((text) => text.includes("reading"));
  expect(said.length).toBeLessThan(10); // not for every request
}, 60_000);

test("how far many files were read does not count as full", async () => {
  const { folder, file, state, hub } = await readBefore(line(1));
  const db = new DatabaseSync(join(state, "agent.sqlite"));
  const add = db.prepare("INSERT INTO checkpoint VALUES (?, ?)");
  for (let n = 0; n < 1000; n++) {
    const generation = `gone-${n}`;
    const path = join(folder, "else", "x".repeat(1500));
    add.run(generation, JSON.stringify({ generation, device: 1, inode: 1e9 + n, path, offset: 1 }));
  }
  db.close();
  appendFileSync(file, line(2));
  startAgent(hub, join(folder, "logs/*.log"), state, "--buffer", "1M");
  await expectLines(hub, [1, 2]);
}, 60_000);

test.each(["/hub", "/hub/", "/hub/v1/logs"])("sends to a hub behind a proxy: %s", async (path) => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  const asked: (string | undefined)[] = [];
  const proxy = createServer(async (request, response) => {
    asked.push(request.url);
    const { authorization = "" } = request.headers;
    const answer = await fetch(`${hub.httpUrl}/v1/logs`, {
      method: "POST",
      headers: {
        authorization,
        "content-type": "application/x-protobuf",
        "content-encoding": "gzip",
      },
      body: Buffer.concat(await request.toArray()),
    });
    const type = answer.headers.get("content-type") ?? "";
    response.writeHead(answer.status, { "content-type": type });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void proxy.close());
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  writeFileSync(file, line(1));
  const { token } = hub;
  const behind = { httpUrl: `http://127.0.0.1:${port}${path}`, token };
  startAgent(behind, join(folder, "logs/*.log"), join(folder, "state"));
  await expectLines(hub, [1]);
  expect(new Set(asked)).toEqual(new Set(["/hub/v1/logs"]));
});

test("a line of 10 MB is read up to what is useful", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  writeFileSync(
    file,
    `${line(1)}t|A_1000|${"x".repeat(10_000_000)}\n${line(2)}${"y".repeat(10_000_000)}`,
  );
  startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"));
  await expect.poll(async () => (await messages(hub)).length, { timeout: 20_000 }).toBe(3);
  const long = (await messages(hub)).find((message) => message.startsWith("x"));
  expect(long).toHaveLength(8192);
  expect(long?.endsWith("…")).toBe(true);
}, 60_000);

test("a pattern of one's own, and times in lines", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  writeFileSync(file, "2026-01-02T03:04:05Z <R_1> [t-1] it broke\n");
  const pattern = "^(?<time>\\S+) <(?<code>[^>]+)> \\[(?<traceId>[^\\]]+)\\] (?<message>.*)$";
  startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"), "--pattern", pattern);
  await expect
    .poll(() => hub.api.getTrace({ text: "t-1" }).catch(() => undefined), { timeout: 10_000 })
    .toMatchObject({ trace: { hops: [{ message: "it broke", timeIsObserved: false, file }] } });
});

test("a trace ID that a pattern has found arrives as it was found", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  writeFileSync(file, "[ order 17 ] R_1 one\n[{4bf9-2}] R_1 two\n");
  const pattern = "^\\[(?<traceId>[^\\]]+)\\] (?<code>\\S+) (?<message>.*)$";
  startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"), "--pattern", pattern);
  await expectLines(hub, ["one", "two"]);
  const { traces } = await hub.api.searchTraces({});
  expect(traces.map(({ traceId }) => traceId).sort()).toEqual(["order 17", "{4bf9-2}"]);
});

test("a time that cannot be right counts as none", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  writeFileSync(
    file,
    `0001-01-01T00:00:00Z t-1|ROUTE_1|x\n9999-01-01T00:00:00Z t-2|ROUTE_1|y\n${line(1)}`,
  );
  startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"));
  await expectLines(hub, ["x", "y", 1]);
  for (const text of ["t-1", "t-2"]) {
    const { trace } = await hub.api.getTrace({ text });
    expect(trace?.hops).toMatchObject([{ timeIsObserved: true }]);
  }
});

test("a line that cannot be sent does not keep others from the hub", async () => {
  const { folder } = logFolder();
  const state = join(folder, "state");
  mkdirSync(state);
  const hub = await startHub();
  const db = new DatabaseSync(join(state, "agent.sqlite"));
  db.exec(
    "CREATE TABLE line (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT, path TEXT, observed_us INTEGER, line TEXT) STRICT",
  );
  const add = db.prepare("INSERT INTO line (uid, path, observed_us, line) VALUES (?, ?, ?, ?)");
  for (let n = 1; n <= 9; n++) {
    // No clock gives half a microsecond; only another version could have kept it.
    const timeUs = Date.now() * 1000 + (n === 5 ? 0.5 : 0);
    const kept = { traceId: `trace-${n}`, fullCode: "ROUTE_1", message: String(n), timeUs };
    add.run(`uid-${n}`, "a.log", Date.now() * 1000, JSON.stringify(kept));
  }
  db.close();
  const agent = startAgent(hub, join(folder, "logs/*.log"), state);
  await expectLines(hub, [1, 2, 3, 4, 6, 7, 8, 9]);
  expect(agent.log()).toContain("a line of a.log cannot be sent and is lost");
});

test.each([
  ["a redirect", "HTTP 302"],
  ["a page", "what answers is no hub (content type text/html)"],
])("keeps its lines when something else than a hub answers: %s", async (what, problem) => {
  const { folder, file } = logFolder();
  const files = join(folder, "logs/*.log");
  const state = join(folder, "state");
  const asked: string[] = [];
  const login = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    if (what === "a redirect" && request.url === "/v1/logs") {
      response.writeHead(302, { location: "/login" }).end();
    } else if (what === "a redirect") {
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    } else {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Please sign in");
    }
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void login.close());
  await once(login, "listening");
  const { port } = login.address() as AddressInfo;
  writeFileSync(file, line(1));
  const agent = startAgent({ httpUrl: `http://127.0.0.1:${port}`, token: "t" }, files, state);
  await expect.poll(() => agent.log(), { timeout: 10_000 }).toContain(problem);
  await expect.poll(() => asked.length, { timeout: 10_000 }).toBeGreaterThan(1); // tries again
  expect(new Set(asked)).toEqual(new Set(["POST /v1/logs"]));
  await end(agent, "SIGTERM");

  const hub = await startHub();
  startAgent(hub, files, state);
  await expectLines(hub, [1]);
});

test("a disk without room for the removal of lines does not keep others from the hub", async () => {
  const { folder, file } = logFolder();
  const state = join(folder, "state");
  mkdirSync(state);
  const db = new DatabaseSync(join(state, "agent.sqlite"));
  onTestFinished(() => db.close());
  db.exec(`
    CREATE TABLE line (
      id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT, path TEXT, observed_us INTEGER, line TEXT
    ) STRICT;
    CREATE TRIGGER no_room BEFORE DELETE ON line BEGIN SELECT RAISE(ABORT, 'disk is full'); END;
  `);
  const numbers = Array.from({ length: 2500 }, (_, n) => n); // more than one request
  writeFileSync(file, numbers.map(line).join(""));
  const hub = await startHub();
  const agent = startAgent(hub, join(folder, "logs/*.log"), state);
  await expectLines(hub, numbers);
  expect(agent.log()).toContain("cannot write to the agent's own disk, will try again: disk is");
  expect(agent.log()).not.toContain("cannot send to");

  db.exec("DROP TRIGGER no_room");
  await expect.poll(() => agent.log()).toContain("the agent's own disk can be written again");
  expect(db.prepare("SELECT count(*) AS n FROM line").get()).toEqual({ n: 0 });
  appendFileSync(file, line("last"));
  await expectLines(hub, [...numbers, "last"]);
}, 60_000);

test("finds new files and ends old ones after the clock was set back", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  const flag = join(folder, "set-back");
  const clock = join(folder, "clock.mjs");
  writeFileSync(
    clock,
    `import { existsSync } from "node:fs";
    const { now } = Date;
    Date.now = () => now() - (existsSync(${JSON.stringify(flag)}) ? 600_000 : 0);`,
  );
  writeFileSync(file, line(1));
  vi.stubEnv("NODE_OPTIONS", `--import=${clock}`);
  startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"));
  vi.unstubAllEnvs();
  await expectLines(hub, [1]);
  appendFileSync(file, line(2).trimEnd()); // counts when nobody writes behind it any more
  renameSync(file, join(folder, "moved"));
  await sleep(300);
  writeFileSync(flag, "");
  await sleep(300);
  writeFileSync(join(folder, "logs/b.log"), line(3));
  await expectLines(hub, [1, 3]);
  await expectLines(hub, [1, 2, 3]);
});

test("a pattern picks the lines of a file from Windows", async () => {
  const { folder, file } = logFolder();
  const hub = await startHub();
  writeFileSync(file, "\uFEFF[t-1] R_1 one\r\n[t-2] R_1 two\r\n");
  const pattern = "^\\[(?<traceId>[^\\]]+)\\] (?<code>\\S+) (?<message>.*)$";
  startAgent(hub, join(folder, "logs/*.log"), join(folder, "state"), "--pattern", pattern);
  await expectLines(hub, ["one", "two"]);
});

test("the hub follows files itself", async () => {
  const { folder, file } = logFolder();
  writeFileSync(file, line(1));
  const hub = await startHub({ args: ["--file", join(folder, "logs/*.log")] });
  appendFileSync(file, line(2));
  await expectLines(hub, [1, 2]);
  expect(await hub.stop()).toBe(0);
  appendFileSync(file, line(3));
  const again = await startHub({
    folder: hub.folder,
    args: ["--file", join(folder, "logs/*.log")],
  });
  await expectLines(again, [1, 2, 3]);
});

test("two agents do not share a folder", async () => {
  const { folder } = logFolder();
  const hub = await startHub();
  const state = join(folder, "state");
  const first = startAgent(hub, join(folder, "*.log"), state);
  await expect.poll(() => first.log(), { timeout: 10_000 }).toContain("no file matches");
  const second = startAgent(hub, join(folder, "*.log"), state);
  await once(second, "exit");
  expect(second.exitCode).not.toBe(0);
  expect(second.log()).toContain(`another process uses the folder ${state}`);
});
