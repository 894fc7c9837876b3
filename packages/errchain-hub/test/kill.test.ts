import { expect, test } from "vitest";
import { freePorts } from "./support/free-ports.ts";
import { testFolder } from "./support/hub-process.ts";
import { killRun } from "./support/kill-run.ts";

// A short run; npm run test:hub:kill -- --times 50 is the long one.
test("SIGKILL under load: nothing acknowledged is lost, nothing is doubled", async () => {
  const options = { folder: testFolder(), times: 4, onProgress: () => {} };
  const result = await killRun({ ...options, ports: await freePorts() });
  expect(result).toMatchObject({
    lost: [],
    doubled: [],
    strange: [],
    countsAreRight: true,
    integrity: "ok",
  });
  expect(result.acknowledged).toBeGreaterThan(0);
  expect(result.written).toBeGreaterThan(0);
}, 180_000);
