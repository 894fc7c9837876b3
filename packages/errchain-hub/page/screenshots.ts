// Makes the pictures of the README: npm run screenshots -w errchain-hub
//
// A real hub is told of the example's scenes again and again, spread over the
// last days. Needs Chromium.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clone } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type ErrorChain, ErrorChainSchema } from "errchain/proto";
import { noBrowser, openTab, startBrowser } from "../test/page/browser.ts";
import { buildCatalogImage } from "../test/page/catalog-image.ts";
import { playScenes, type Scene } from "../test/page/scenes.ts";
import { type CallEvent, sendChains } from "../test/page/send-chain.ts";
import { settled, spawnHub } from "../test/support/hub-process.ts";

const HOUR_MS = 3_600_000;
const target = join(import.meta.dirname, "..", "screenshots");
const folder = mkdtempSync(join(tmpdir(), "hub-screenshots-"));
if (noBrowser !== undefined) {
  throw new Error(noBrowser);
}

const hub = await spawnHub(join(folder, "data"), ["--catalog", buildCatalogImage(folder)]);
const browser = await startBrowser();
try {
  const scenes = await playScenes(folder);
  const history = replays(scenes);
  for (let start = 0; start < history.length; start += 200) {
    await sendChains(hub, history.slice(start, start + 200));
  }
  await sendChains(hub, scenes);
  await settled(hub);
  const first = scenes[0]?.traceId ?? "";
  mkdirSync(target, { recursive: true });
  for (const colorScheme of ["light", "dark"] as const) {
    const { page, context } = await openTab(browser, hub.httpUrl, { colorScheme });
    await page.goto(`${hub.httpUrl}/?token=${hub.token}`);
    for (const [name, path, last] of [
      ["trace", `/t/${first}`, ".hop-list"],
      ["overview", "/overview", ".systems-codes"],
      ["code", "/code/ROUTE_DISPATCH_20003", ".trace-row"],
      ["live", "/live", ".trace-row"],
    ] as const) {
      await page.goto(hub.httpUrl + path);
      await page.locator(last).first().waitFor();
      await page.waitForTimeout(1_500); // until what has come in is no longer lit
      await page.screenshot({ path: join(target, `${name}-${colorScheme}.png`) });
    }
    await context.close();
  }
} finally {
  await Promise.all([browser.close(), hub.kill()]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`The pictures are in ${target}.`);

/** The scenes again, as on days that are always the same: more by day, and a bad hour today. */
function replays(scenes: readonly Scene[]): CallEvent[] {
  const random = randomNumbers(7);
  const events: CallEvent[] = [];
  const now = Date.now();
  const replay = (name: string, time: number) => {
    const scene = scenes.find((one) => one.name === name);
    if (scene === undefined) return;
    const traceId = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
    const at = new Date(time);
    const chain = moved(scene.chain, at.getTime() - scene.at.getTime());
    events.push({ traceId: traceId.join(""), chain, at });
  };
  for (let ago = 72; ago > 0; ago -= 0.1) {
    const time = now - ago * HOUR_MS;
    const isDay = Math.sin(((new Date(time).getUTCHours() - 6) / 12) * Math.PI) + 1.3;
    if (random() < 0.35 * isDay) replay("no range", time);
    if (random() < 0.12 * isDay) replay("bug", time);
    if (ago > 2 && ago < 3.2) {
      for (let n = 0; n < 5 * random(); n++) replay("killed", time + n * 60_000);
    }
  }
  return events;
}

/** A chain with the times of its causes moved. */
function moved(chain: ErrorChain, byMs: number): ErrorChain {
  const copy = clone(ErrorChainSchema, chain);
  for (const cause of copy.causes) {
    if (cause.occurredAt !== undefined) {
      const time = timestampDate(cause.occurredAt).getTime() + byMs;
      cause.occurredAt = timestampFromDate(new Date(time));
    }
  }
  return copy;
}

/** Numbers from 0 to 1 that are the same in every run: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
