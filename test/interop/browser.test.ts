import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Shop, startShop } from "../../examples/browser/shop.ts";

// The page of examples/browser in a real browser, against real processes.

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);

if (executablePath === undefined && !process.env["CI"]) {
  console.log("interop: the browser is skipped: install Chromium (apt-get install chromium)");
}

describe.skipIf(executablePath === undefined && !process.env["CI"])("in Chromium", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath ?? "",
      args: ["--no-sandbox"],
    });
  });

  afterAll(() => browser?.close());

  async function open(pageOrigin?: string): Promise<{ shop: Shop; page: Page }> {
    const shop = await startShop(pageOrigin);
    onTestFinished(() => shop.stop());
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(shop.url);
    return { shop, page };
  }

  /** What the page shows of an error. */
  async function shownError(page: Page) {
    await page.locator("#error").waitFor();
    const text = (id: string) => page.locator(id).innerText();
    return {
      sentence: await text("#sentence"),
      code: await text("#code"),
      traceId: await text("#trace"),
    };
  }

  test("the user reads the sentence of the system that failed, its code and the trace ID", async () => {
    const { shop, page } = await open();
    await page.getByRole("button", { name: "Order" }).click();
    const error = await shownError(page);
    expect(error).toEqual({
      sentence:
        "Sorry, we could not take your order: no delivery range is configured for Mill Lane 3, 21037, product FRESH.",
      code: "ROUTE_DISPATCH_20003",
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    await expect
      .poll(() => shop.edge.takeLog())
      .toEqual([`${error.traceId}|SHOP_FRONT_10001|we could not take your order`]);
    // What partners may see is not there: PROMISE's sentence.
    expect(await page.locator("body").innerText()).not.toContain("PROMISE");
  });

  test("all is well", async () => {
    const { page } = await open();
    await page.getByLabel("Address").fill("Harbour Road 12, 20095 Hamburg");
    await page.getByRole("button", { name: "Order" }).click();
    await expect
      .poll(() => page.locator("#answer").innerText())
      .toBe("Your order comes tomorrow, with the tour Hamburg Mitte.");
    expect(await page.locator("#error").isVisible()).toBe(false);
  });

  const unreachable = {
    sentence: "Sorry, the shop could not be reached.",
    code: "SHOP_FRONT_3",
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  };

  test("the edge is down", async () => {
    const { shop, page } = await open();
    shop.edge.process.kill("SIGKILL");
    await page.getByRole("button", { name: "Order" }).click();
    expect(await shownError(page)).toEqual(unreachable);
  });

  test("the browser is offline", async () => {
    const { page } = await open();
    await page.context().setOffline(true);
    await page.getByRole("button", { name: "Order" }).click();
    expect(await shownError(page)).toEqual(unreachable);
  });

  test("the edge does not let the page in", async () => {
    const { page } = await open("https://another.example");
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    await page.getByRole("button", { name: "Order" }).click();
    expect(await shownError(page)).toEqual(unreachable);
    expect(complaints.join()).toContain("CORS");
  });

  test("the edge is killed in the middle of a stream", async () => {
    const { shop, page } = await open();
    await page.getByRole("button", { name: "Track" }).click();
    await expect.poll(() => page.locator("#answer").innerText()).toContain("in the warehouse");
    shop.edge.process.kill("SIGKILL");
    expect(await shownError(page)).toEqual(unreachable);
  });
});
