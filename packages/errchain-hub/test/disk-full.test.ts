import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { settled, spawnHub, testFolder } from "./support/hub-process.ts";
import { linesBytes, postLogs } from "./support/otlp.ts";

// The hub runs on a small file system of its own, in a mount namespace.
const namespace = ["unshare", "--map-root-user", "--mount"];
const [unshare = "", ...flags] = namespace;
const canMount =
  spawnSync(unshare, [...flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
if (!canMount) {
  console.log("skipped: disk-full.test.ts needs Linux and leave to make a mount namespace");
}

function writeUntilFull(file: string): void {
  const fd = openSync(file, "w");
  try {
    for (let size = 1024 * 1024; size > 0; size = Math.floor(size / 2)) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(size));
      } catch (err) {
        if ((err as NodeJS.ErrnoException).code !== "ENOSPC") throw err;
      }
    }
  } finally {
    closeSync(fd);
  }
}

test.skipIf(!canMount && !process.env["CI"])(
  "a full disk: said on ingest and in the log, nothing broken, recovers",
  async () => {
    const mount = join(testFolder(), "disk");
    mkdirSync(mount);
    const script = `mount -t tmpfs -o size=64m tmpfs ${mount} &&
    head -c 48000000 /dev/zero > ${mount}/filler && exec "$@"`;
    const hub = await spawnHub(
      join(mount, "data"),
      [],
      [0, 0],
      [...namespace, "sh", "-c", script, "sh"],
    );
    onTestFinished(() => hub.kill());
    const inside = (path: string) => join(`/proc/${hub.process.pid}/root`, mount, path);

    const filler = "x".repeat(1000);
    const batch = (n: number) =>
      linesBytes(Array.from({ length: 200 }, (_, i) => `t-${n}-${i}|A_1000|${filler}`));
    let acknowledged = 0;
    let refused: Response | undefined;
    while (refused === undefined && acknowledged < 1000) {
      const response = await postLogs(hub, batch(acknowledged));
      if (response.status === 200) {
        acknowledged++;
      } else {
        refused = response;
      }
    }
    expect(refused?.status).toBe(503);
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(acknowledged).toBeGreaterThan(0);
    expect(hub.stderr()).toContain("records were turned away: the disk is full");

    // What was acknowledged can still be read.
    for (const n of [0, acknowledged - 1]) {
      const { trace } = await hub.api.getTrace({ text: `t-${n}-199` });
      expect(trace?.hops).toHaveLength(1);
    }

    rmSync(inside("filler"));
    for (let n = acknowledged; n < acknowledged + 5; n++) {
      await expect
        .poll(async () => (await postLogs(hub, batch(n))).status, { timeout: 20_000 })
        .toBe(200);
    }
    await settled(hub);
    const { recordCount, traceCount } = await hub.api.getStatus({});
    expect(recordCount).toBe(BigInt((acknowledged + 5) * 200));
    expect(traceCount).toBe(recordCount);
    const copy = testFolder(); // SQLite does not open a file through /proc
    for (const file of ["hub.sqlite", "hub.sqlite-wal"]) {
      copyFileSync(inside(`data/${file}`), join(copy, file));
    }
    const db = new DatabaseSync(join(copy, "hub.sqlite"));
    expect(db.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    expect(db.prepare("SELECT count(*) AS n FROM record").get()).toEqual({
      n: Number(recordCount),
    });
    db.close();

    // Full again: the end does not need the disk, and nothing of the journal is lost.
    writeUntilFull(inside("filler"));
    await postLogs(hub, batch(acknowledged + 5));
    expect(await hub.stop()).toBe(0);
    expect(hub.stderr()).toContain("the next start goes on with the journal");
    expect(hub.stderr()).not.toMatch(/^ +at /m);
  },
  120_000,
);
