import assert from "node:assert/strict";
import { CANNOT_MOUNT, fillUp, withSmallDisk } from "../support/small_disk.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import type { HostSeries } from "./page_server.ts";
import { goByKeys, visit } from "./watched_page.ts";

/** Where screenshots go; not set: none is taken. */
const SCREENSHOTS = Deno.env.get("HORIZON_SCREENSHOTS");
const HOSTILE = "<img src=x onerror=alert(1)>";
const BUDGET = 64 * 1024 * 1024;

/** `count` series of a metric, told apart by their request, on two hosts. */
function seriesOf(name: string, count: number): HostSeries[] {
  return Array.from({ length: count }, (_, i) => ({
    name,
    kind: "gauge",
    unit: "1",
    labels: { request: `${HOSTILE} ${i}`, host: `host-${i % 2}` },
    value: () => i,
  }));
}

/** Of the bomb 20 are taken and 15 refused. */
const FILLED = {
  series: [...seriesOf("bomb.requests", 35), ...seriesOf("system.load", 3)],
  maxSeriesPerMetric: 20,
  pastSeconds: 120,
};

const metric = (name: string) => `tr.metric-row:has-text("${name}")`;
const kept = (tier: string, cell: string) => `[data-kept="${tier}"] td >> text="${cell}"`;

async function withFolder(work: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await work(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

Deno.test("storage: what is kept, live; the metric that had series refused is named, with its labels", async () => {
  await visit("#/storage", async ({ server, page }) => {
    // Two minutes of 23 series, once a second.
    await page.waitForSelector(kept("metrics raw", "2\u2009760"));
    await page.waitForSelector(kept("metrics 1 h", "0"));
    await page.waitForSelector(kept("metrics raw", "1 d"));
    await page.waitForSelector('[data-tile="memory"] [role="meter"]');
    await page.waitForSelector('[data-tile="disk"] :text("Memory only")');
    await page.waitForSelector(`${metric("bomb.requests")} td:text-is("20")`);
    await page.waitForSelector(`${metric("bomb.requests")} td[data-bad="true"]:text-is("15")`);
    await page.waitForSelector('.storage-drops tr:has-text("max series per metric") :text("15")');

    await page.locator(`${metric("bomb.requests")} button`).click();
    await page.waitForSelector('.storage-labels li:has-text("request") b:text-is("20")');
    await page.waitForSelector('.storage-labels li:has-text("host") b:text-is("2")');
    // What was opened stays open, and the focus where it was, when newer figures come.
    await server.collect();
    await page.waitForSelector(kept("metrics raw", "2\u2009783"));
    await page.waitForSelector(`${metric("bomb.requests")} button[aria-expanded="true"]:focus`);
    assert.equal(await page.locator("main img").count(), 0, "text of a sender stays text");
    if (SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${SCREENSHOTS}/storage_dark.png`, fullPage: true });
    }
  }, FILLED);
});

Deno.test("storage: by keyboard: filter, refused only, labels; the address keeps the filter", async () => {
  await visit("#/overview", async ({ page }) => {
    await goByKeys(page, "d", metric("system.load"));
    if (SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${SCREENSHOTS}/storage_light.png`, fullPage: true });
    }
    await page.keyboard.press("/");
    await page.keyboard.type("load");
    await page.waitForSelector(metric("bomb.requests"), { state: "detached" });
    await page.waitForURL("**/#/storage?filter=load");
    await page.fill('input[type="search"]', "");
    await page.waitForSelector(metric("bomb.requests"));
    await page.locator("tr.metric-row button").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForSelector(`${metric("system.load")} button[aria-expanded="true"]:focus`);
    await page.waitForSelector('.storage-labels li:has-text("request") b:text-is("3")');
    await page.locator('label:has-text("Refused only") input').check();
    await page.waitForSelector(metric("system.load"), { state: "detached" });
    await page.fill('input[type="search"]', "no such metric");
    await page.waitForSelector(':text("No metric matches the filter.")');
  }, { ...FILLED, theme: "light" });
});

Deno.test("storage: an empty store says so, and shows no figure that is not there", async () => {
  await visit("#/storage", async ({ page }) => {
    await page.waitForSelector(':text("There is no metric yet.")');
    await page.waitForSelector(':text("Nothing was dropped since the start.")');
    await page.waitForSelector(kept("spans raw", "0"));
    assert.doesNotMatch(await page.locator("main").innerText(), /NaN|undefined|null|Infinity/);
  });
});

Deno.test("storage: what a start found damaged or left is told, in both widths without overhang", async () => {
  await withFolder(async (path) => {
    await Deno.mkdir(`${path}/chunks`);
    await Deno.mkdir(`${path}/quarantine`);
    await Deno.writeTextFile(`${path}/quarantine/1-chunks-logs-1-9.log`, "damaged before");
    await Deno.writeTextFile(`${path}/chunks/logs-1795507200-3.log`, "no frame at all");
    const disk = { path, fsync: "on_close", budgetBytes: BUDGET } as const;
    for (const theme of ["dark", "light"] as const) {
      await visit("#/storage", async ({ page }) => {
        await page.waitForSelector(metric("bomb.requests"));
        await page.waitForSelector('.storage-facts dd[data-bad="true"]:text-is("1 file")');
        await page.waitForSelector('[data-tile="disk"] [role="meter"]');
        const damage = await page.locator('dt:text-is("Damage found") + dd').innerText();
        assert.equal(damage, theme === "dark" ? "1 stretch, 15 B" : "none");
        await page.locator(`${metric("bomb.requests")} button`).click();
        await page.waitForSelector(".storage-labels li");
        assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
        if (SCREENSHOTS !== undefined) {
          await page.setViewportSize({ width: 390, height: 900 });
          await page.screenshot({
            path: `${SCREENSHOTS}/storage_390_${theme}.png`,
            fullPage: true,
          });
        }
      }, { ...FILLED, disk, theme, width: 360 });
    }
  });
});

Deno.test({
  name: `storage: a full disk is told at the top, and gone from there once there is room${
    CANNOT_MOUNT === null ? "" : ` [skipped: ${CANNOT_MOUNT}]`
  }`,
  ignore: CANNOT_MOUNT !== null,
  fn: () =>
    withSmallDisk("size=4m", async (folder) => {
      const disk = { path: `${folder}/data`, fsync: "on_close", budgetBytes: BUDGET } as const;
      await visit("#/storage", async ({ server, page }) => {
        await page.waitForSelector(metric("system.load"));
        const notice = page.locator(".notice", { hasText: "The data directory cannot be written" });
        assert.equal(await notice.count(), 0);
        fillUp(`${folder}/ballast`);
        await until("the notice", PATIENCE_MS, async () => {
          await server.collect();
          return await notice.isVisible() || null;
        });
        assert.match(await notice.innerText(), /No space left.* rows wait for room on the disk/);
        if (SCREENSHOTS !== undefined) {
          await page.screenshot({ path: `${SCREENSHOTS}/storage_full.png`, fullPage: true });
        }
        await Deno.remove(`${folder}/ballast`);
        await notice.waitFor({ state: "hidden" });
      }, { ...FILLED, disk });
    }),
});
