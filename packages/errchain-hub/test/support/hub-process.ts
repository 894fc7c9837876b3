import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type HubProcess, spawnHub } from "./spawn-hub.ts";

export { HUB, type HubProcess, settled, spawnHub } from "./spawn-hub.ts";

/** A folder that is gone after the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hub-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Starts a hub that ends with the test. */
export async function startHub(
  options: { folder?: string; args?: readonly string[]; ports?: readonly [number, number] } = {},
): Promise<HubProcess> {
  const { folder = testFolder(), args = [], ports = [0, 0] } = options;
  const hub = await spawnHub(folder, args, ports);
  onTestFinished(() => hub.kill());
  return hub;
}
