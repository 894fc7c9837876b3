import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type HubProcess, settled, spawnHub } from "../support/hub-process.ts";
import { noBrowser, openTab, paste, startBrowser, type TabOptions } from "./browser.ts";
import { buildCatalogImage } from "./catalog-image.ts";
import { playScenes, type Scene } from "./scenes.ts";
import { sendChains, sendLines } from "./send-chain.ts";

// The page in a real browser, on a real hub that follows the log files of the real
// example and has been told what its caller received.

const legacyId = "1677474.49460.17235995037011944.3460091.193151.9140";
const hostile = `<img src=x onerror="alert(1)"><script>alert(2)</script> & "quotes"`;

let folder: string;
let hub: HubProcess;
let browser: Browser;
let scenes: Scene[];

beforeAll(async () => {
  if (noBrowser !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "hub-page-"));
  const image = buildCatalogImage(folder);
  [hub, browser, scenes] = await Promise.all([
    spawnHub(join(folder, "data"), ["--file", join(folder, "*.log"), "--catalog", image]),
    startBrowser(),
    playScenes(folder),
  ]);
  await sendChains(hub, scenes);
  const now = Date.now();
  const at = (ms: number) => new Date(now + ms).toISOString();
  await sendLines(hub, [
    `${at(-30)} ${legacyId}|STOCK_3001|${hostile}`,
    `${at(-20)} ${legacyId}|ORDER_ENTRY_17|the order cannot be booked`,
  ]);
  const lineCount = scenes.reduce((sum, { lines }) => sum + lines.length, 0);
  while ((await hub.api.getStatus({})).recordCount < BigInt(lineCount + scenes.length + 2)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await settled(hub);
}, 60_000);

afterAll(async () => {
  await Promise.all([hub?.kill(), browser?.close()]);
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A tab that is signed in, as by the address that the hub prints. Nothing must go wrong in it. */
async function open(path: string, options: TabOptions = {}): Promise<Page> {
  const { page, context, problems } = await openTab(browser, hub.httpUrl, options);
  onTestFinished(async () => {
    await context.close();
    expect(problems).toEqual([]);
  });
  const separator = path.includes("?") ? "&" : "?";
  await page.goto(`${hub.httpUrl}${path}${separator}token=${hub.token}`);
  return page;
}

const sentence = (page: Page) => page.locator("#sentence");

function scene(name: string): Scene {
  const found = scenes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no scene ${name}`);
  return found;
}

describe.skipIf(noBrowser !== undefined)(`the page ${noBrowser ?? ""}`, () => {
  describe("Trace", () => {
    test.each(["no range", "bug", "a partner's view", "the public's view", "killed"])(
      "a pasted trace ID names the failing system: %s",
      async (name) => {
        const page = await open("/");
        await paste(page, scene(name).traceId);
        await expect.poll(() => sentence(page).textContent()).toMatch(/^ROUTE \(module DISPATCH\)/);
        expect(new URL(page.url()).pathname).toBe(`/t/${scene(name).traceId}`);
        const ringed = page.locator(".hop.fault");
        expect(await ringed.count()).toBe(1);
        expect(await ringed.textContent()).toMatch(/First fault.*ROUTE_DISPATCH_/);
        expect(await page.locator(".hop").count()).toBe(3);
        expect(await page.title()).toContain("ROUTE failed first");
      },
    );

    test.each<[string, (traceId: string) => string]>([
      ["a log line", (id) => `2026-01-01T00:00:00Z INFO ${id}|WMS_ORDER_10001|a | b`],
      ["a traceparent", (id) => `traceparent: 00-${id}-00f067aa0ba902b7-01`],
      ["quotes and upper case", (id) => ` "${id.toUpperCase()}", `],
      ["JSON", (id) => `{"level":"error","trace_id":"${id}"}`],
      ["several lines", (id) => `it broke again\n\tat x (y.ts:1:2)\ntrace ${id}\nthanks`],
    ])("takes %s", async (_, text) => {
      const { traceId } = scene("no range");
      const page = await open("/overview");
      await paste(page, text(traceId));
      await page.waitForURL(`**/t/${traceId}`);
      await sentence(page).waitFor();
    });

    test("says what to do, whose it is, and what each hop made of the code", async () => {
      const page = await open(`/t/${scene("no range").traceId}`);
      const verdict = page.locator(".verdict");
      await expect.poll(() => verdict.textContent()).toContain("Reported chain");
      expect(await verdict.textContent()).toContain("Nobody has drawn a delivery range");
      expect(await verdict.locator(".remedy").textContent()).toContain("Delivery ranges");
      const rows = await page.locator(".hop-row").allTextContents();
      expect(rows[0]).toContain("PROMISE_ETA_10002 turned into WMS_ORDER_10001");
      expect(rows[1]).toContain("ROUTE_DISPATCH_20003 turned into PROMISE_ETA_10002");
      expect(rows[2]).toContain("ROUTE_DISPATCH_20003 failed first");
    });

    test("is copied as text, as a link, and is there as plain text", async () => {
      const { traceId } = scene("no range");
      const page = await open(`/t/${traceId}`);
      const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
      await page.getByRole("button", { name: "Copy as text" }).click();
      await expect.poll(clipboard).toContain("ROUTE (module DISPATCH) failed first");
      await page.getByRole("button", { name: "Copy link" }).click();
      await expect.poll(clipboard).toBe(`${hub.httpUrl}/t/${traceId}`);
      await page.getByRole("link", { name: "Plain text" }).click();
      await page.waitForURL(`**/t/${traceId}.txt`);
      expect(await page.locator("body").textContent()).toContain("└─ ROUTE_DISPATCH_20003");
    });

    test("an ID of an older system has a permalink, and time order alone is called so", async () => {
      const page = await open("/");
      await paste(page, `'${legacyId}'`);
      await expect.poll(() => sentence(page).textContent()).toMatch(/^STOCK probably failed first/);
      expect(new URL(page.url()).pathname).toBe(`/t/${legacyId}`);
      await page.reload();
      await expect.poll(() => sentence(page).textContent()).toMatch(/^STOCK probably failed first/);
      expect(await page.locator(".sure").textContent()).toContain("Time order only");
      expect(await page.locator(".caveats").textContent()).toContain("clocks may differ");
    });

    test("shows hostile HTML as text", async () => {
      const page = await open(`/t/${legacyId}`);
      await expect.poll(() => page.locator(".hop.fault").textContent()).toContain(hostile);
      expect(await sentence(page).textContent()).toContain(hostile);
      expect(await page.locator("main img, main script").count()).toBe(0);
    });

    test("says so where there is no trace ID, and where the hub does not know it", async () => {
      const page = await open("/");
      await page.getByRole("textbox").fill("what is wrong with my order?");
      await page.keyboard.press("Enter");
      await expect
        .poll(() => page.getByRole("status").first().textContent())
        .toMatch(/no trace ID/);
      const unknown = "0123456789abcdef0123456789abcdef";
      // The browser itself logs the answer 404, so this tab may have problems.
      const { page: other, context } = await openTab(browser, hub.httpUrl);
      onTestFinished(() => context.close());
      await other.goto(`${hub.httpUrl}/t/${unknown}?token=${hub.token}`);
      const notice = other.locator(".notice");
      await expect.poll(() => notice.textContent()).toContain("does not know this trace");
      await sendLines(hub, [`${unknown}|LATE_1001|a record that came late`]);
      await expect.poll(() => other.locator("main").textContent()).toMatch(/^LATE failed first/);
    });
  });

  describe("Overview", () => {
    test("counts root and surfaced codes apart, and keeps the switch in the address", async () => {
      const page = await open("/overview");
      const codes = page.locator("table.codes tbody th a");
      await codes.first().waitFor();
      const roots = await codes.allTextContents();
      expect(roots).toContain("ROUTE_DISPATCH_20003");
      expect(roots.join()).not.toContain("WMS");
      await page.getByText("Surfaced", { exact: true }).click();
      await expect.poll(() => codes.allTextContents()).toContain("WMS_ORDER_10001");
      expect((await codes.allTextContents()).join()).not.toContain("ROUTE");
      expect(new URL(page.url()).search).toBe("?role=surfaced");
      await page.reload();
      await expect.poll(() => codes.allTextContents()).toContain("WMS_ORDER_10001");
    });

    test("shows failures over time, new codes, systems with their codes, and filters them", async () => {
      const page = await open("/overview?range=1h");
      const chart = page.getByRole("img", { name: /Most at .* failures in/ });
      await chart.waitFor();
      expect(await chart.locator("canvas").count()).toBe(1);
      expect(await page.locator(".new-codes").textContent()).toContain("STOCK_3001");
      const systems = page.locator(".systems-codes");
      expect(await systems.textContent()).toContain("STOCK");
      await systems.getByRole("link", { name: "ROUTE", exact: true }).click();
      await page.waitForURL("**/overview?range=1h&system=ROUTE");
      const codes = page.locator("table.codes tbody th a");
      await expect.poll(async () => (await codes.allTextContents()).join()).not.toContain("STOCK");
      await page.getByRole("button", { name: /System ROUTE/ }).click();
      await expect.poll(async () => (await codes.allTextContents()).join()).toContain("STOCK");
    });

    test("says what to do where nothing matches, and where the address is wrong", async () => {
      const page = await open("/overview?system=NOBODY&range=soon");
      await expect
        .poll(() => page.locator("main").textContent())
        .toContain("The address asks for the range “soon”");
      await page.getByRole("link", { name: "Look at all systems" }).click();
      await page.locator("table.codes").waitFor();
    });
  });

  test("Code: what it means, where it comes from, what it turns into, and its traces", async () => {
    const page = await open("/code/PROMISE_ETA_10002");
    const sides = page.locator(".flow .side");
    await expect.poll(() => sides.first().textContent()).toContain("ROUTE_DISPATCH_20003");
    expect(await sides.last().textContent()).toContain("WMS_ORDER_10001");
    expect(await page.locator(".about").textContent()).toContain("NO_DELIVERY_TIME");
    await page.getByText("Root", { exact: true }).click();
    await expect.poll(() => page.locator("main").textContent()).toContain("None in this time.");
    await page.getByText("Any hop", { exact: true }).click();
    const traces = page.locator(".trace-row");
    await expect.poll(() => traces.count()).toBeGreaterThanOrEqual(3);
    await traces.first().click();
    await sentence(page).waitFor();
  });

  test("Live tail: shows what comes in, waits while paused, and filters", async () => {
    const page = await open("/live");
    await expect.poll(() => page.locator(".state-line").textContent()).toContain("Connected");
    const rows = page.locator(".trace-row");
    await sendLines(hub, ["live-1|TAIL_1001|the first"]);
    await expect.poll(() => rows.first().textContent()).toContain("the first");
    await page.keyboard.press("p");
    await sendLines(hub, ["live-2|TAIL_1001|the second", "live-3|OTHER_1001|the third"]);
    await expect
      .poll(() => page.locator(".state-line").textContent())
      .toContain("Paused · 2 traces waiting");
    expect(await rows.first().textContent()).toContain("the first");
    await page.getByRole("button", { name: "Go on" }).click();
    await expect.poll(async () => (await rows.allTextContents()).join()).toContain("the third");
    await page.getByRole("searchbox", { name: "System" }).focus();
    await page.keyboard.type("TA");
    await sendLines(hub, ["live-4|OTHER_1001|the fourth"]);
    await expect.poll(() => rows.first().textContent()).toContain("the fourth");
    await page.keyboard.type("IL");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/live?system=TAIL");
    await expect.poll(async () => (await rows.allTextContents()).length).toBe(2);
    expect((await rows.allTextContents()).join()).not.toContain("OTHER");
  });

  test("keys go through hops, screens and times", async () => {
    const page = await open(`/t/${scene("no range").traceId}`);
    await sentence(page).waitFor();
    const current = page.locator('.hop-row[aria-current="true"]');
    expect(await current.textContent()).toContain("ROUTE");
    await page.keyboard.press("b");
    await expect.poll(() => current.textContent()).toContain("PROMISE");
    await page.keyboard.press("f");
    await expect.poll(() => current.textContent()).toContain("ROUTE");
    const unfolded = page.locator('.hop-row[aria-expanded="true"]');
    await page.keyboard.press("[");
    await expect.poll(() => unfolded.count()).toBe(0);
    await page.keyboard.press("]");
    await expect.poll(() => unfolded.count()).toBe(3);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("2"); // not while the help is open
    await page.keyboard.press("Escape");
    expect(new URL(page.url()).pathname).toMatch(/^\/t\//);
    await page.keyboard.press("2");
    await page.waitForURL("**/overview");
    await page.locator("table.codes").waitFor();
    await page.keyboard.press("[");
    await page.waitForURL("**/overview?range=6h");
    await page.keyboard.press("r");
    await page.waitForURL("**/overview?range=6h&role=surfaced");
    await page.keyboard.press("/");
    await page.keyboard.type("2?");
    expect(await page.getByRole("search").getByRole("textbox").inputValue()).toBe("2?");
  });

  test("the choice of colours stays", async () => {
    const page = await open("/overview");
    const ground = () => page.evaluate(() => getComputedStyle(document.body).colorScheme);
    expect(await ground()).toBe("light dark");
    await page.getByLabel("Colours").selectOption("dark");
    await expect.poll(ground).toBe("dark");
    await page.reload();
    await expect.poll(ground).toBe("dark");
  });

  describe.each(["light", "dark"] as const)("in %s colours", (colorScheme) => {
    test.each<[string, () => string, string]>([
      ["start", () => "/", ".trace-row"],
      ["trace", () => `/t/${scene("no range").traceId}`, ".hop-list"],
      ["trace by time", () => `/t/${legacyId}`, ".hop-list"],
      ["overview", () => "/overview", "table.codes"],
      ["code", () => "/code/PROMISE_ETA_10002", ".trace-row"],
      ["live", () => "/live", ".trace-row"],
    ])("axe finds nothing serious, and a phone is wide enough: %s", async (_, path, last) => {
      const page = await open(path(), { colorScheme, width: 375 });
      await page.locator(last).first().waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375);
      await page.setViewportSize({ width: 1280, height: 900 });
      // Not by a script tag, which the content security policy forbids.
      const violations = await page.evaluate(async (source) => {
        // biome-ignore lint/security/noGlobalEval: see above
        globalThis.eval(source);
        const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
        return (await axe.run()).violations.map(({ id, impact, nodes }) => ({
          id,
          impact,
          where: nodes.map(({ html }) => html),
        }));
      }, axe.source);
      expect(violations.filter(({ impact }) => impact !== "minor")).toEqual([]);
    });
  });
});
