import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { spawnHub } from "../support/hub-process.ts";
import { noBrowser, openTab, startBrowser } from "./browser.ts";
import { sendLines } from "./send-chain.ts";

// What the page says where the hub gives no answer.

let browser: Browser;

beforeAll(async () => {
  if (noBrowser === undefined) browser = await startBrowser();
});

afterAll(() => browser?.close());

/** A hub that can be started again on the same port, and a tab. */
async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), "hub-page-"));
  let hub = await spawnHub(folder);
  const { httpUrl } = hub;
  const port = Number(new URL(httpUrl).port);
  const { page, context } = await openTab(browser, httpUrl);
  onTestFinished(async () => {
    await Promise.all([hub.kill(), context.close()]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    hub,
    page,
    text: () => page.locator("main").textContent(),
    async restart(...args: string[]) {
      hub = await spawnHub(folder, args, [port, 0]);
      return hub;
    },
  };
}

describe.skipIf(noBrowser !== undefined)(`the page ${noBrowser ?? ""}`, () => {
  test("an empty hub says how to fill it", async () => {
    const { hub, page, text } = await setUp();
    for (const path of ["/", "/overview", "/t/0123456789abcdef0123456789abcdef"]) {
      await page.goto(`${hub.httpUrl}${path}?token=${hub.token}`);
      await expect.poll(text).toContain("has not received anything yet");
      expect(await text()).toContain(`${hub.httpUrl}/v1/logs`);
      expect(await text()).toContain(hub.grpcUrl);
    }
    await sendLines(hub, ["trace-1|FIRST_1001|the first failure"]);
    await page.getByRole("link", { name: "Overview" }).click();
    await expect.poll(text, { timeout: 18_000 }).toContain("FIRST_1001"); // by itself
  });

  test("a hub that has gone, and comes back", async () => {
    const { hub, page, text, restart } = await setUp();
    await page.goto(`${hub.httpUrl}/?token=${hub.token}`);
    await sendLines(hub, ["trace-1|FIRST_1001|the first failure"]);
    await page.goto(`${hub.httpUrl}/t/trace-1`);
    await expect.poll(text).toContain("FIRST failed first");
    await hub.stop();
    await expect.poll(text).toContain("What you see is not up to date");
    expect(await text()).toContain("FIRST failed first");
    await page.getByRole("link", { name: "Overview" }).click();
    await expect.poll(text).toContain("The hub cannot be reached");
    await page.getByRole("link", { name: "Live tail" }).click();
    await expect.poll(text).toContain("The hub cannot be reached");
    await restart();
    await expect.poll(text).toContain("FIRST_1001"); // by itself
    await page.getByRole("link", { name: "Overview" }).click();
    await expect.poll(text).toContain("FIRST_1001");
  });

  test("without the token there is a form for it, and it leads on to where one wanted to go", async () => {
    const { hub, page, text } = await setUp();
    await page.goto(`${hub.httpUrl}/overview?range=1h`);
    await page.getByLabel("Token").fill("wrong-token");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("main").textContent()).toContain("not the token");
    await page.getByLabel("Token").fill(hub.token);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/overview?range=1h");
    await expect.poll(text).toContain("has not received anything yet");
  });

  test("a token that is no longer valid", async () => {
    const { hub, page, text, restart } = await setUp();
    await page.goto(`${hub.httpUrl}/?token=${hub.token}`);
    await expect.poll(text).toContain("has not received anything yet");
    await hub.stop();
    const { token } = await restart("--token", "another-token-than-before");
    await page.getByRole("link", { name: "Live tail" }).click();
    await expect.poll(text).toContain("This hub wants a token");
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL("**/live");
    await expect.poll(text).toContain("Connected");
  });
});
