import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Why there can be no browser; undefined where there can. With CI=true that is an error. */
export const noBrowser: string | undefined = existsSync(executablePath)
  ? undefined
  : `no browser at ${executablePath}: apt-get install chromium, or set CHROMIUM`;
if (noBrowser !== undefined) {
  if (process.env["CI"]) {
    throw new Error(noBrowser);
  }
  console.log(`skipped: the tests of the page: ${noBrowser}`);
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** A page, and all that went wrong in it. */
export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Console errors, violations of the content security policy, requests to elsewhere. */
  readonly problems: readonly string[];
}

export interface TabOptions {
  readonly width?: number;
  readonly colorScheme?: "light" | "dark";
}

/** Opens a tab of its own, with a clipboard and without cookies. */
export async function openTab(
  browser: Browser,
  origin: string,
  { width = 1280, colorScheme = "light" }: TabOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("dialog", (dialog) => problems.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) problems.push(`asks ${request.url()}`);
  });
  return { page, context, problems };
}

/** Pastes a text as a person does. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await page.getByRole("search").getByRole("textbox").focus();
  await page.keyboard.press("ControlOrMeta+v");
}
