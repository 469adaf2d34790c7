// A real Chromium for the tests of the page, where there is one.
import { existsSync } from "node:fs";
import type { Browser, Page } from "playwright-core";

const path = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

/** Why there is no browser; `undefined` where there is one. */
export const withoutBrowser: string | undefined = existsSync(path)
  ? undefined
  : `skipped: no ${path}, apt-get install chromium`;

/** Opens one for a test, and closes it. */
export async function withBrowser(body: (browser: Browser) => Promise<void>): Promise<void> {
  Deno.env.set("__IS_WSL_TEST__", "1"); // else a package of Playwright's looks into /proc/sys, which takes --allow-all
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({
    executablePath: path,
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
  try {
    await body(browser);
  } finally {
    await browser.close();
  }
}

/** What a page did that it should not: errors, and requests for anything but itself. */
export function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("console", (message) => faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error}`));
  page.on("request", (request) => {
    if (request.url() !== page.url() && !request.isNavigationRequest()) faults.push(request.url());
  });
  return faults;
}

/** Where screenshots go that people look at: `MASKBENCH_SCREENSHOTS`, or nowhere. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("MASKBENCH_SCREENSHOTS");
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
