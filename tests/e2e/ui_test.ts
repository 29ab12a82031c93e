import { systemTimers } from "../../collectors/scheduler.ts";
import { systemClock } from "../../mod/clock.ts";
import { CrashRecorder } from "../../mod/crashes/crash_recorder.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { explainDeath, NO_EVIDENCE } from "../../mod/processes/death.ts";
import { CrashStore } from "../../storage/crash_store.ts";
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { ProcessRow } from "../../mod/processes/process_row.ts";
import { EXAMPLES } from "../../web/ui/pages/sql_examples.js";
import { PATIENCE_MS, until } from "../support/until.ts";
import type { HostSeries, PageServer } from "./page_server.ts";
import { goByKeys, type Visit, visit as visitPage, type VisitOptions } from "./watched_page.ts";

const GIB = 1024 ** 3;

function series(
  name: string,
  kind: HostSeries["kind"],
  labels: Record<string, string>,
  value: (second: number) => number,
): HostSeries {
  return { name, kind, unit: "1", labels, value };
}

const SPAN_PID = "4242";

const HOST: readonly HostSeries[] = [
  series("system.cpu.utilization", "gauge", { "cpu.mode": "user" }, () => 0.25),
  series("system.cpu.utilization", "gauge", { "cpu.mode": "system" }, () => 0.05),
  series("system.cpu.utilization", "gauge", { "cpu.mode": "idle" }, () => 0.7),
  series(
    "system.cpu.utilization",
    "gauge",
    { "cpu.mode": "user", "cpu.logical_number": "0" },
    () => 0.9,
  ),
  series("system.cpu.logical.count", "updown", {}, () => 8),
  series("system.memory.usage", "updown", { "system.memory.state": "used" }, () => 4 * GIB),
  series("system.memory.usage", "updown", { "system.memory.state": "cached" }, () => 2 * GIB),
  series("system.memory.limit", "updown", {}, () => 16 * GIB),
  series("system.cpu.load_average.1m", "gauge", {}, () => 1.5),
  series("system.cpu.load_average.5m", "gauge", {}, () => 1.25),
  series("system.cpu.load_average.15m", "gauge", {}, () => 1),
  series(
    "system.disk.io",
    "counter",
    { "system.device": "sda", "disk.io.direction": "read" },
    (second) => second * 1024 * 1024,
  ),
  series(
    "system.disk.io",
    "counter",
    { "system.device": "sda", "disk.io.direction": "write" },
    (second) => second * 2 * 1024 * 1024,
  ),
  series(
    "system.network.io",
    "counter",
    { "network.interface.name": "eth0", "network.io.direction": "receive" },
    (second) => second * 3 * 1024,
  ),
  series(
    "system.linux.psi.pressure",
    "gauge",
    {
      "system.linux.psi.resource": "io",
      "system.linux.psi.stall_type": "some",
      "system.linux.psi.window": "10",
    },
    () => 0.12,
  ),
  ...(["used", "free"] as const).map((state) =>
    series("system.filesystem.usage", "updown", {
      "system.device": "/dev/sda1",
      "system.filesystem.mountpoint": "/",
      "system.filesystem.state": state,
    }, () => state === "used" ? 96 * GIB : 4 * GIB)
  ),
  series("system.uptime", "gauge", {}, () => 3 * 86_400),
  series("process.memory.usage", "updown", { "process.pid": SPAN_PID }, () => GIB),
  series(
    "process.cpu.time",
    "counter",
    { "process.pid": SPAN_PID, "cpu.mode": "user" },
    (second) => second / 2,
  ),
];

function processes(count: number): ProcessRow[] {
  const startedMs = Date.now() - 3_600_000;
  return Array.from({ length: count }, (_, i) => ({
    pid: 1000 + i,
    ppid: 1,
    startTimeMs: startedMs + i,
    name: i === 7 ? "<img src=x onerror=alert(1)>" : `worker-${i}`,
    executable: `/usr/bin/worker-${i}`,
    commandLine: `worker --shard ${i}`,
    user: i % 2 === 0 ? "root" : "horizon",
    state: "sleeping",
    service: i % 4 === 0 ? `service-${i % 12}` : null,
    cgroup: null,
    containerId: null,
    cpuRatio: i / count,
    rssBytes: (i + 1) * 1024 * 1024,
    virtualBytes: null,
    pssBytes: null,
    threads: 1,
    openFds: i,
    fdLimit: 1024,
    readBytesPerSecond: 0,
    writeBytesPerSecond: 0,
    firstSeenMs: startedMs,
    lastSeenMs: startedMs,
    exitedAtMs: null,
  }));
}

/** Opens a page of a host with twenty processes and two minutes of past. */
function visit(
  path: string,
  work: (visit: Visit) => Promise<void>,
  more: VisitOptions = {},
): Promise<void> {
  return visitPage(path, work, {
    series: HOST,
    pastSeconds: 120,
    processes: processes(20),
    ...more,
  });
}

/** Collects once a second until the page says what is expected. */
async function collectUntil(server: PageServer, page: Page, selector: string): Promise<void> {
  const shown = page.waitForSelector(selector, { timeout: PATIENCE_MS });
  let done = false;
  const settled = shown.finally(() => done = true);
  while (!done) {
    await server.collect();
    await Promise.race([settled, page.waitForTimeout(1000)]);
  }
  await settled;
}

function tile(title: string): string {
  return `section.tile[aria-label="${title}"]`;
}

Deno.test("overview: tiles and charts show the host, live, under the strict policy", async () => {
  await visit("", async ({ server, page }) => {
    await page.waitForSelector(`${tile("CPU")} :text-is("30.0 %")`);
    await page.waitForSelector(`${tile("CPU")} :text-is("8 cores")`);
    await page.waitForSelector(`${tile("Memory")} :text-is("4 GiB")`);
    await page.waitForSelector(`${tile("Horizon")} :text-is("ok")`);
    await page.waitForSelector('.filesystem[data-level="critical"] :text("96.0 %")');
    await page.waitForSelector('#connection[data-state="live"]');
    for (const name of ["CPU", "Memory", "Disk", "Network", "Load", "Pressure"]) {
      const card = page.locator(`section.chart-card[aria-label="${name}"]`);
      await card.locator("canvas").waitFor();
      assert.ok(await card.locator(".chart-state").isHidden(), name);
    }
    await page.waitForSelector('.legend-item:has-text("sda write") :text("2 MiB/s")');
    await collectUntil(server, page, `${tile("Disk")} :text("3 MiB/s")`);
  });
});

Deno.test("overview: the range changes the address, dragging zooms, and back to live", async () => {
  await visit("#/overview?range=5m", async ({ page }) => {
    await page.waitForSelector('button[aria-pressed="true"]:text-is("5m")');
    await page.click('button:text-is("1h")');
    await page.waitForURL("**/#/overview?range=1h");
    await page.click('button:text-is("5m")');
    const plot = page.locator('section[aria-label="CPU"] .u-over');
    await plot.waitFor();
    const box = await plot.boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width * 0.7, box.y + 40);
    await page.waitForSelector(".chart-tooltip:visible");
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.95, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/range=\d+-\d+/);
    await page.click('button:text-is("Back to live")');
    await page.waitForSelector('button[aria-pressed="true"]:text-is("15m")');
  });
});

Deno.test("overview: tells that the server is gone, and returns by itself", async () => {
  await visit("", async ({ server, page, complaints }) => {
    await page.waitForSelector('#connection[data-state="live"]');
    await server.stopListening();
    await page.waitForSelector('#connection[data-state="offline"]');
    server.listen();
    await collectUntil(server, page, '#connection[data-state="live"]');
    assert.ok(complaints.length > 0);
    assert.ok(complaints.every((text) => text.includes("ERR_") || text.includes("WebSocket")));
    complaints.length = 0;
  });
});

Deno.test("overview: an empty store says so, without errors", async () => {
  await visit("", async ({ page }) => {
    await page.waitForSelector(':text("Nothing was collected in this time.")');
    await page.waitForSelector(`${tile("CPU")} :text-is("–")`);
  }, { series: [], pastSeconds: 0 });
});

Deno.test("processes: 2,000 are sorted, filtered and scrolled with few rows in the document", async () => {
  await visit("#/processes", async ({ page }) => {
    const names = () => page.locator("tbody td.col-name").allTextContents();
    await page.waitForSelector('th.col-cpu[aria-sort="descending"]');
    await page.waitForSelector('td.col-name:text-is("worker-1999")');
    assert.ok((await names()).length < 80, "only what is seen is in the document");

    await page.click("th.col-name button");
    await page.waitForSelector('th.col-name[aria-sort="ascending"]');
    assert.equal(await page.getAttribute("th.col-cpu", "aria-sort"), "none");

    await page.locator(".process-table").focus();
    await page.keyboard.press("End");
    await page.waitForSelector('td.col-name:text-is("worker-999")');
    await page.keyboard.press("Enter");
    await page.waitForSelector('aside[aria-label="Process 1999"]');
    await page.keyboard.press("Escape");
    await page.waitForSelector("aside", { state: "detached" });

    await page.keyboard.press("/");
    await page.keyboard.type("user:horizon shard 19");
    await page.waitForURL(/filter=user%3Ahorizon/);
    await until("only those are left", PATIENCE_MS, async () => {
      const left = await names();
      return left.length > 0 && left.every((name) => name.includes("19")) || null;
    });
    await page.fill(".filter", "no such process");
    await page.waitForSelector(':text("No process matches the filter.")');
  }, { processes: processes(2000) });
});

Deno.test("processes: groups by service and folds a group", async () => {
  await visit("#/processes?sort=name-ascending", async ({ page }) => {
    await page.check('label:has-text("Group by service") input');
    const group = page.locator('tr[data-kind="group"]:has-text("service-4")');
    await group.waitFor();
    assert.equal(await group.getAttribute("aria-expanded"), "true");
    const before = await page.locator('tr[data-kind="process"]').count();
    await group.click();
    await page.waitForSelector('tr[data-kind="group"][aria-expanded="false"]');
    assert.equal(await page.locator('tr[data-kind="process"]').count(), before - 2);
  });
});

Deno.test("processes: a tree with trends; limits of one; crashes with their archive", async () => {
  const crashes = new CrashStore(null, { maxCount: 10, maxBytes: 1e6, maxAgeMs: 1e15 });
  const list = processes(20).map((one, i) => ({ ...one, ppid: i < 3 ? 1 : 1000 + i % 3 }));
  const [parent] = list;
  assert.ok(parent !== undefined);
  await recordCrash(crashes, { ...parent, exitedAtMs: Date.now() });
  await visit("#/processes?sort=name-ascending", async ({ page }) => {
    await page.check('label:has-text("Tree") input');
    await page.waitForURL(/group=tree/);
    const names = () => page.locator("tbody td.col-name").allTextContents();
    await until("parents with their children", PATIENCE_MS, async () => {
      const [first, second, third] = await names();
      return first === "worker-0" && second === "worker-12" && third === "worker-15" || null;
    });
    const style = (row: number) => page.locator("tbody td.col-name").nth(row).getAttribute("style");
    assert.deepEqual([await style(0), await style(1)], ["--depth: 0;", "--depth: 1;"]);
    // Two looks make a line.
    await page.waitForSelector('.trend path[d^="M"]', { state: "attached" });
    await page.check('label:has-text("Group by service") input');
    assert.equal(await page.isChecked('label:has-text("Tree") input'), false);

    await page.click(".crash-list summary");
    const crash = page.locator(".crash-list .crash");
    await crash.locator(':text("crashed with SIGSEGV")').waitFor();
    await crash.locator(':text("by its exit status in /proc")').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      crash.locator("button").click(),
    ]);
    assert.match(download.suggestedFilename(), /^crash-\d+-1000\.tar\.gz$/);

    await page.uncheck('label:has-text("Group by service") input');
    await page.click('td.col-name:text-is("worker-0")');
    const panel = page.locator("aside");
    await panel.locator('.limit:has-text("Open files")').waitFor();
    await panel.locator('h3:text-is("Crashes")').waitFor();
  }, { processes: list, crashes });
});

/** Keeps a crash of a process as the flight recorder does, without a store to ask. */
async function recordCrash(archive: CrashStore, process: ProcessRow): Promise<void> {
  const recorder = new CrashRecorder({
    query: () => Promise.reject(new Error("not asked")),
    archive,
    write: () => {},
    beforeMs: 1,
    pauseMs: 1,
    clock: systemClock,
    timers: systemTimers,
    log: silentLogger,
  });
  const status = { kind: "signalled", signal: "SIGSEGV", coreDumped: false } as const;
  recorder.take({
    process,
    death: explainDeath({ ...NO_EVIDENCE, exit: { status, source: "zombie" } }),
    watched: false,
    expected: true,
    lastSight: null,
  });
  await recorder.stop(10_000);
}

Deno.test("processes: details hold facts and history; telemetry never becomes markup", async () => {
  const [first, ...others] = processes(20);
  assert.ok(first !== undefined);
  const known = { ...first, pid: Number(SPAN_PID), rssBytes: GIB, cpuRatio: 9 };
  await visit(`#/processes?pid=${SPAN_PID}`, async ({ server, page }) => {
    const panel = page.locator(`aside[aria-label="Process ${SPAN_PID}"]`);
    await panel.locator(':text("0 of 1\u2009024")').waitFor();
    await panel.locator("canvas").first().waitFor();
    await panel.locator(".limit").first().waitFor();
    await page.waitForSelector('td:text-is("<img src=x onerror=alert(1)>")');
    assert.equal(await page.locator("img[src=x]").count(), 0);
    server.processes = others;
    await panel.locator(':text("This process has ended.")').waitFor();
    await panel.locator('a:text-is("Ask SQL")').click();
    await page.waitForSelector('td:text-is("process.memory.usage")');
  }, { processes: [known, ...others] });
});

Deno.test("sql: every example runs, on metrics, spans and logs that came over OTLP", async () => {
  await visit("#/sql", async ({ server, page }) => {
    await sendSpanAndLog(server.url);
    for (const { title } of EXAMPLES) {
      await page.click(`button:text-is("${title}")`);
      await page.waitForSelector('.result-status:text-matches("rows? · ")');
      assert.equal(await page.locator(".result-error").count(), 0, title);
    }
    await page.click('button:text-is("Spans with the memory of their process")');
    await page.waitForSelector('.result-table td:text-is("1073741824")');
    await page.click('button:text-is("CPU by mode, 15 minutes")');
    await page.click('button:text-is("Chart")');
    await page.waitForSelector(".result-chart canvas");
  });
});

async function sendSpanAndLog(url: string): Promise<void> {
  const nowNs = `${Math.floor(Date.now() / 1000) - 1}000000000`;
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const resource = {
    attributes: [text("service.name", "shop"), text("process.pid", SPAN_PID)],
  };
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const span = {
    traceId,
    spanId: "b7ad6b7169203331",
    name: "GET /orders",
    kind: 2,
    startTimeUnixNano: nowNs,
    endTimeUnixNano: nowNs.replace(/0{9}$/, "125000000"),
  };
  const log = {
    timeUnixNano: nowNs,
    severityNumber: 17,
    severityText: "ERROR",
    body: { stringValue: "out of stock" },
    traceId,
  };
  const bodies = {
    traces: { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] },
    logs: { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [log] }] }] },
  };
  for (const [signal, body] of Object.entries(bodies)) {
    const response = await fetch(`${url}/v1/${signal}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 200, await response.text());
  }
}

Deno.test("sql: runs on Ctrl+Enter, shows rows and records, keeps a history, saves a file", async () => {
  await visit("#/sql", async ({ page }) => {
    await page.fill(
      "#sql",
      "SELECT 1::BIGINT AS a, 'x' AS b, NULL AS c UNION ALL SELECT 2, 'y', 'z'",
    );
    await page.press("#sql", "Control+Enter");
    await page.waitForSelector('.result-status:has-text("2 rows")');
    await page.waitForSelector('td.null:text-is("NULL")');
    await page.click('th button:has-text("a")');
    await page.click('th button:has-text("a")');
    await page.waitForSelector('th[aria-sort="descending"]');
    assert.deepEqual(await page.locator("tbody td.numeric").allTextContents(), ["2", "1"]);
    await page.click(".row-number button");
    await page.waitForSelector('dialog.record pre:text-is("y")');
    await page.keyboard.press("Escape");
    await page.click('summary:has-text("History")');
    await page.waitForSelector('.side-item:has-text("SELECT 1::BIGINT")');
    await page.click('summary:has-text("Schema")');
    await page.click('.view summary:has-text("metrics")');
    await page.waitForSelector('.view li:has-text("TIMESTAMP")');

    const download = page.waitForEvent("download");
    await page.click('button:has-text("CSV")');
    const file = await download;
    assert.equal(file.suggestedFilename(), "horizon.csv");
    assert.match(await Deno.readTextFile(await file.path()), /^a,b,c\r?\n1,x,/);
  });
});

Deno.test("sql: shows the engine's error, and Esc cancels a query that runs for long", async () => {
  await visit("#/sql", async ({ page, complaints }) => {
    await page.fill("#sql", "SELECT nope FROM metrics");
    await page.press("#sql", "Control+Enter");
    await page.waitForSelector('.result-error:has-text("nope")');
    assert.equal(complaints.length, 1);
    assert.match(complaints.pop() ?? "", /400/);

    const heavy = "SELECT sum(a.value * b.value * c.value) FROM metrics a, metrics b, metrics c";
    await page.fill("#sql", heavy);
    await page.press("#sql", "Control+Enter");
    await page.waitForSelector(".spinner");
    await page.press("#sql", "Escape");
    await page.waitForSelector('.result-status:text-is("Cancelled")');
    await page.fill("#sql", "SELECT 42 AS answer");
    await page.press("#sql", "Control+Enter");
    await page.waitForSelector('td:text-is("42")');
  });
});

Deno.test("token: is asked for, refused, taken, and used by the live stream too", async () => {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("viewer-token"));
  const tokens = [{
    name: "test",
    role: "viewer",
    sha256: new Uint8Array(hash).toHex(),
  }] as const;
  await visit("", async ({ server, page, complaints }) => {
    await page.waitForSelector('dialog:has-text("asks for a token")');
    await page.fill("#token", "another-token");
    await page.press("#token", "Enter");
    await page.waitForSelector('#token-problem:has-text("Not taken")');
    await page.fill("#token", "viewer-token");
    await page.press("#token", "Enter");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.reload();
    await page.waitForSelector('#connection[data-state="live"]');
    await collectUntil(server, page, `${tile("Disk")} :text("3 MiB/s")`);
    assert.ok(complaints.every((text) => /401|WebSocket/.test(text)), complaints.join("\n"));
    complaints.length = 0;
  }, { tokens });
});

Deno.test("keyboard: goes to each page, opens the help, switches the theme", async () => {
  await visit("", async ({ page }) => {
    await page.waitForSelector('h1:text-is("Overview")');
    for (const [key, heading] of [["p", "Processes"], ["s", "SQL"], ["o", "Overview"]] as const) {
      await goByKeys(page, key, `h1:text-is("${heading}")`);
      await page.waitForSelector(`nav a[aria-current="page"]:has-text("${heading}")`);
    }
    await page.keyboard.press("?");
    await page.waitForSelector('dialog[open] :text("Keyboard shortcuts")');
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    const ground = () =>
      page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    const dark = await ground();
    await page.keyboard.press("t");
    await page.waitForSelector('html[data-theme="light"]');
    assert.notEqual(await ground(), dark);
    await page.reload();
    await page.waitForSelector('html[data-theme="light"]');
  });
});

Deno.test("layout: at 360 pixels nothing hangs over the edge, on any page, in both themes", async () => {
  for (const theme of ["dark", "light"] as const) {
    await visit("", async ({ page }) => {
      for (
        const [path, ready] of [
          ["#/overview", ".legend-item"],
          ["#/processes", "td.col-name"],
          ["#/ingest", ".ingest-table"],
          ["#/storage", ".metric-row"],
          ["#/sql?query=FROM%20metrics%20LIMIT%2020", ".result-table"],
        ]
      ) {
        await page.evaluate(`location.hash = ${JSON.stringify(path)}`);
        await page.waitForSelector(ready ?? "");
        const width = await page.evaluate("document.documentElement.scrollWidth");
        assert.equal(width, 360, `${theme} ${path}`);
      }
    }, { width: 360, theme });
  }
});
