import assert from "node:assert/strict";
import type { ForwarderStats } from "../../mod/pipeline/forward/forwarder.ts";
import type { PageServer } from "./page_server.ts";
import { goByKeys, visit } from "./watched_page.ts";

/** Where a screenshot of each theme goes; not set: none is taken. */
const SCREENSHOTS = Deno.env.get("HORIZON_SCREENSHOTS");

function fillSources(server: PageServer): void {
  const statsd = server.sources.open("statsd", "udp 127.0.0.1:8125", ["metrics"]);
  statsd.request("metrics", 3);
  statsd.accepted("metrics", 1_234);
  statsd.rejected("metrics", "malformed_line", 5);
  statsd.problem('expected `name:value|type`: "<img src=x onerror=alert(1)>"');
  statsd.newest(Date.now() * 1000 - 2_000_000);
  const file = server.sources.open("file", "/var/log/app.log", ["logs"]);
  file.refused("overloaded", "no room");
  file.pause("too much telemetry is waiting to be stored");
  server.sources.open("collector", "cpu", ["metrics"]).accepted("metrics", 60);
}

const NONE_DROPPED = { queue_full: 0, refused: 0, rejected: 0, expired: 0, stopped: 0 };

const row = (text: string) => `tr.source-row:has-text("${text}")`;

Deno.test("ingest: each source with its rate, lag, refusals and last problem, live", async () => {
  await visit("#/ingest", async ({ server, page }) => {
    await page.waitForSelector(`${row("StatsD")} >> text="1\u2009234"`);
    await page.waitForSelector(`${row("StatsD")} td[data-bad="true"]:text-is("5")`);
    await page.waitForSelector(`${row("StatsD")} :text-is("2 s")`);
    await page.waitForSelector(`${row("StatsD")} .source-dot[data-state="troubled"]`);
    await page.waitForSelector(`${row("/var/log/app.log")} .source-dot[data-state="paused"]`);
    await page.waitForSelector(`${row("cpu")} .source-dot[data-state="good"]`);
    await page.waitForSelector(':text("1 paused")');
    // Text of a sender stays text.
    assert.equal(await page.locator("main img").count(), 0);
    await page.locator(`${row("StatsD")} button`).click();
    await page.waitForSelector('.source-breakdown :text("metrics: malformed line")');
    server.sources.open("statsd", "udp 127.0.0.1:8125", []).accepted("metrics", 1);
    await page.waitForSelector(`${row("StatsD")} >> text="1\u2009235"`);
    // What was opened is open still, and the focus has not moved.
    await page.waitForSelector(`${row("StatsD")} button[aria-expanded="true"]:focus`);
    if (SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${SCREENSHOTS}/ingest_dark.png` });
    }
  }, { prepare: fillSources });
});

Deno.test("ingest: where rows are sent on to, with what waits, what was dropped and the problem", async () => {
  const sink: ForwarderStats = {
    name: "upstream",
    queuedBytes: 512 * 1024,
    maxQueueBytes: 64 * 1024 * 1024,
    sentRows: 12_345,
    droppedRows: { ...NONE_DROPPED, queue_full: 7, refused: 2 },
    retries: 3,
    partialAnswers: 0,
    lastPartialAnswer: null,
    problem: 'answers 503: "<img src=x onerror=alert(1)>"',
  };
  await visit("#/ingest", async ({ server, page }) => {
    await page.waitForSelector(row("cpu"));
    assert.equal(await page.isVisible('section[aria-label="Sent on"]'), false);
    server.forwarders = [sink];
    const shown = 'section[aria-label="Sent on"] tr.sink-row';
    await page.waitForSelector(`${shown} >> text="12\u2009345"`);
    await page.waitForSelector(`${shown} >> text="512 KiB of 64 MiB"`);
    await page.waitForSelector(`${shown} td[data-bad="true"]:text-is("7 queue full, 2 refused")`);
    await page.waitForSelector(`${shown} :text("answers 503")`);
    assert.equal(await page.locator("main img").count(), 0);
    if (SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${SCREENSHOTS}/ingest_sinks.png` });
    }
    server.forwarders = [{ ...sink, droppedRows: NONE_DROPPED, problem: null }];
    await page.waitForSelector(`${shown} .source-dot[data-state="good"]`);
    await page.setViewportSize({ width: 390, height: 800 });
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390);
  }, { prepare: fillSources });
});

Deno.test("ingest: by keyboard: filter, rows, details; the address keeps the filter", async () => {
  await visit("#/overview", async ({ page }) => {
    await goByKeys(page, "i", row("StatsD"));
    if (SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${SCREENSHOTS}/ingest_light.png` });
    }
    await page.keyboard.press("/");
    await page.keyboard.type("udp");
    await page.waitForSelector(row("cpu"), { state: "detached" });
    await page.waitForURL("**/#/ingest?filter=udp");
    await page.fill('input[type="search"]', "");
    await page.waitForSelector(row("cpu"));
    await page.locator("tr.source-row button").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForSelector('tr.source-row button[aria-expanded="true"]:focus');
    await page.locator('label:has-text("With problems only") input').check();
    await page.waitForSelector(row("cpu"), { state: "detached" });
    await page.fill('input[type="search"]', "no such source");
    await page.waitForSelector(':text("No source matches the filter.")');
  }, { theme: "light", prepare: fillSources });
});
