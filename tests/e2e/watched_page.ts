import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { PATIENCE_MS, until } from "../support/until.ts";
import { launchBrowser } from "./browser.ts";
import { type PageServer, type PageServerOptions, startPageServer } from "./page_server.ts";

export interface Visit {
  readonly server: PageServer;
  readonly page: Page;
  /** What the browser complained about so far: scripts, the content security policy, failed loads. */
  readonly complaints: string[];
}

export interface VisitOptions extends Partial<PageServerOptions> {
  readonly width?: number;
  readonly theme?: "dark" | "light";
  /** What the server knows before the page is opened. */
  readonly prepare?: (server: PageServer) => void | Promise<void>;
}

/**
 * Opens a page of a new server in a browser of its own. Whatever the browser complains about, and
 * whatever it asks another host for, fails the test, unless the test has taken it out of `complaints`.
 */
export async function visit(
  path: string,
  work: (visit: Visit) => Promise<void>,
  { width = 1440, theme = "dark", prepare, ...served }: VisitOptions = {},
): Promise<void> {
  const server = await startPageServer({ series: [], pastSeconds: 0, processes: [], ...served });
  const browser = await launchBrowser();
  try {
    await prepare?.(server);
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: theme });
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(server.url)) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(`${server.url}/${path}`);
    await work({ server, page, complaints });
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    await server.close();
  }
}

/**
 * Goes to the page behind the keys `g` and `key`. On a busy machine so much time may pass between
 * the two that they are no sequence any more: then they are pressed again.
 */
export async function goByKeys(page: Page, key: string, ready: string): Promise<void> {
  await until(`${ready} by the keys g ${key}`, PATIENCE_MS, async () => {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    return page.waitForSelector(ready, { timeout: 2_000 }).then(() => true, () => null);
  });
}
