import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { systemTimers } from "../../collectors/scheduler.ts";
import { systemClock } from "../../mod/clock.ts";
import { CrashRecorder } from "../../mod/crashes/crash_recorder.ts";
import type { CheckStatus } from "../../mod/health/check_status.ts";
import { silentLogger } from "../../mod/log/logger.ts";
import { type DeathEvidence, explainDeath, NO_EVIDENCE } from "../../mod/processes/death.ts";
import { exitEvent, startEvent } from "../../mod/processes/process_events.ts";
import { processId } from "../../mod/processes/process_identity.ts";
import type { ProcessRow } from "../../mod/processes/process_row.ts";
import { CrashStore } from "../../storage/crash_store.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import type { PageServer } from "./page_server.ts";
import { type Visit, visit as visitPage } from "./watched_page.ts";

/** Where screenshots go; not set: none is taken. */
const SCREENSHOTS = Deno.env.get("HORIZON_SCREENSHOTS");
const HOSTILE = "<img src=x onerror=alert(1)>";
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A process of a service that started three hours ago and ends at `exitedAtMs`. */
function processOf(
  pid: number,
  name: string,
  service: string | null,
  exitedAtMs: number | null,
): ProcessRow {
  const nowMs = Date.now();
  return {
    pid,
    ppid: 1,
    startTimeMs: Math.floor(nowMs / 1000) * 1000 - 3 * HOUR_MS,
    name,
    executable: `/opt/${service ?? "tools"}/bin/${name}`,
    commandLine: `${name} --listen 127.0.0.1:8080 --token *** ${HOSTILE}`,
    user: "orders",
    state: "sleeping",
    service,
    cgroup: `/system.slice/${service ?? "tools"}.service`,
    containerId: null,
    cpuRatio: 0.31,
    rssBytes: 212 * 1024 * 1024,
    virtualBytes: null,
    pssBytes: null,
    threads: 9,
    openFds: 960,
    fdLimit: 1024,
    readBytesPerSecond: 0,
    writeBytesPerSecond: 0,
    firstSeenMs: nowMs - 2 * HOUR_MS,
    lastSeenMs: exitedAtMs ?? nowMs,
    exitedAtMs,
  };
}

function deathBy(signal: string, more: Partial<DeathEvidence> = {}) {
  const status = { kind: "signalled", signal, coreDumped: false } as const;
  return explainDeath({ ...NO_EVIDENCE, exit: { status, source: "zombie" }, ...more });
}

/** Ends a process as the collector tells it: its events are written, and its last minutes recorded. */
async function crash(
  server: PageServer,
  archive: CrashStore,
  process: ProcessRow,
  death = deathBy("SIGSEGV"),
): Promise<void> {
  const endedMs = process.exitedAtMs ?? Date.now();
  server.write(startEvent(process));
  server.write(exitEvent(process, death, endedMs));
  const recorder = new CrashRecorder({
    query: server.query,
    archive,
    write: (event) => server.write(event),
    beforeMs: 5 * MINUTE_MS,
    pauseMs: 1,
    clock: systemClock,
    timers: systemTimers,
    log: silentLogger,
  });
  recorder.take({
    process,
    death,
    watched: false,
    expected: true,
    lastSight: {
      tsMs: endedMs - 1_000,
      limits: { open_files: { soft: 1_024, hard: 4_096, unit: "files" } },
      limitShares: { open_files: 0.94 },
      openFiles: { 0: "/dev/null", 3: "/var/log/orders/api.log", 4: "socket:[123456]" },
      moreOpenFiles: true,
    },
  });
  await recorder.stop(PATIENCE_MS);
}

/** What the process said, did and used in the four minutes before `endedMs`. */
async function sendTelemetry(url: string, process: ProcessRow, endedMs: number): Promise<void> {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const pid = text("process.pid", String(process.pid));
  const resource = { attributes: [text("service.name", process.service ?? ""), pid] };
  const at = (beforeMs: number) => `${endedMs - beforeMs}000000`;
  const steps = Array.from({ length: 48 }, (_, i) => 4 * MINUTE_MS - i * 5_000);
  const points = (value: (i: number) => number, attributes: unknown[] = []) =>
    steps.map((beforeMs, i) => ({
      timeUnixNano: at(beforeMs),
      startTimeUnixNano: at(5 * MINUTE_MS),
      asDouble: value(i),
      attributes: [pid, ...attributes],
    }));
  const bodies = {
    logs: {
      resourceLogs: [{
        resource,
        scopeLogs: [{
          logRecords: steps.map((beforeMs, i) => ({
            timeUnixNano: at(beforeMs),
            severityText: i < 47 ? "INFO" : "FATAL",
            body: {
              stringValue: i < 47 ? `GET /orders/${i} 200` : `dangling pointer ${HOSTILE}`,
            },
          })),
        }],
      }],
    },
    traces: {
      resourceSpans: [{
        resource,
        scopeSpans: [{
          spans: [{
            traceId: "0af7651916cd43dd8448eb211c80319c",
            spanId: "b7ad6b7169203331",
            name: "POST /checkout",
            kind: 2,
            startTimeUnixNano: at(2_000),
            endTimeUnixNano: at(1_000),
          }],
        }],
      }],
    },
    metrics: {
      resourceMetrics: [{
        resource,
        scopeMetrics: [{
          metrics: [
            {
              name: "process.memory.usage",
              unit: "By",
              gauge: { dataPoints: points((i) => (80 + i * 3) * 1024 * 1024) },
            },
            {
              name: "process.cpu.time",
              unit: "s",
              sum: {
                isMonotonic: true,
                aggregationTemporality: 2,
                dataPoints: points((i) => i * 1.5 + Math.sin(i), [text("cpu.mode", "user")]),
              },
            },
          ],
        }],
      }],
    },
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

function check(name: string, service: string | null): CheckStatus {
  const nowMs = Date.now();
  const recent = Array.from({ length: 30 }, (_, i) => ({
    atMs: nowMs - (30 - i) * 1_000,
    state: "healthy" as const,
    latencyMs: 10 + 5 * Math.sin(i / 2),
    message: "answers 200",
    output: null,
  }));
  return {
    name,
    service,
    role: "liveness",
    kind: "http",
    state: "healthy",
    sinceMs: nowMs - 185_000,
    flapping: false,
    reason: "answers 200",
    intervalMs: 1_000,
    timeoutMs: 500,
    running: false,
    runs: 30,
    timeouts: 0,
    skipped: 0,
    last: recent.at(-1) ?? null,
    recent,
    changes: [],
  };
}

/** Opens a page over crashes that a test prepares; text of what crashed must stay text. */
async function visit(
  look: { width: number; theme: "dark" | "light" },
  prepare: (server: PageServer, crashes: CrashStore) => Promise<void>,
  path: string,
  work: (visit: Visit & { crashes: CrashStore }) => Promise<void>,
): Promise<void> {
  const crashes = new CrashStore(null, { maxCount: 100, maxBytes: 1e7, maxAgeMs: 1e12 });
  await visitPage(path, async (visit) => {
    await work({ ...visit, crashes });
    assert.equal(await visit.page.locator("img[src=x]").count(), 0);
  }, { ...look, crashes, prepare: (server) => prepare(server, crashes) });
}

async function screenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
}

/** The page as a whole is as wide as the window: only tables scroll sideways, each in its own box. */
async function assertFits(page: Page): Promise<void> {
  const fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
  assert.equal(await page.evaluate(fits), true);
}

async function crashedOrders(server: PageServer, crashes: CrashStore): Promise<void> {
  server.checks = [check("orders-api", "orders"), check("port", null)];
  const endedMs = Date.now() - 2 * MINUTE_MS;
  const api = processOf(4242, "api", "orders", endedMs);
  await sendTelemetry(server.url, api, endedMs);
  await crash(server, crashes, api, deathBy("SIGSEGV", { limits: { open_files: 0.94 } }));
  for (const [i, hoursAgo] of [30, 40, 50, 60].entries()) {
    const earlier = processOf(100 + i, "api", "orders", Date.now() - hoursAgo * HOUR_MS);
    await crash(server, crashes, earlier, deathBy("SIGABRT"));
  }
  const longAgo = processOf(200, "api", "orders", Date.now() - 8 * 24 * HOUR_MS);
  await crash(server, crashes, longAgo);
  await crash(server, crashes, processOf(300, "sender", "mail", Date.now() - HOUR_MS));
  await crash(server, crashes, processOf(400, "cron-job", null, Date.now() - 3 * HOUR_MS));
}

const group = (name: string) => `section.health-group[aria-label="${name}"]`;

for (
  const look of [{ width: 1440, theme: "dark" }, { width: 390, theme: "light" }] as const
) {
  const where = `${look.width}_${look.theme}`;
  Deno.test(`crashes, ${where}: from the health page to the last minutes, to the history, and back`, async () => {
    await visit(look, crashedOrders, "#/health", async ({ page, crashes }) => {
      const orders = page.locator(group("orders"));
      await orders.locator(':text("Crashes in the last 7 days: 5")').waitFor();
      await page.waitForSelector('[data-tile="crashes"] >> text="3"');
      const kept = orders.locator(".crash");
      assert.equal(await kept.count(), 3);
      await kept.first().locator(':text("crashed with SIGSEGV")').waitFor();
      await kept.first().locator(':text("by its exit status in /proc")').waitFor();
      // What no check looks at is there for its crash.
      await page.locator(`${group("mail")} :text("no check looks at it")`).waitFor();
      await page.locator(`${group("This host")} .crash :text("cron-job (pid 400)")`).waitFor();
      await assertFits(page);
      await screenshot(page, `crashes_health_${where}`);
      await orders.locator('button:text-is("Show 2 more")').click();
      await orders.locator(".crash").nth(4).waitFor();

      const [download] = await Promise.all([
        page.waitForEvent("download"),
        orders.locator(".crash button").first().click(),
      ]);
      const id = crashes.list()[0]?.id ?? "";
      assert.equal(download.suggestedFilename(), `crash-${id}.tar.gz`);

      await orders.locator(".crash a").first().click();
      await page.waitForURL(`**/#/crash?id=${id}`);
      await page.waitForSelector('h1:text("api (pid 4242, service orders) crashed with SIGSEGV")');
      await page.waitForSelector('.crash-cause:text-is("crashed · SIGSEGV")');
      await page.waitForSelector('.limit:has-text("Open files"):has-text("94.0 % of 1\u2009024")');
      await page.waitForSelector('.crash-files :text("/var/log/orders/api.log")');
      for (const name of ["CPU", "Memory"]) {
        await page.waitForSelector(`section.chart-card[aria-label="${name}"] canvas`);
        const state = page.locator(`section.chart-card[aria-label="${name}"] .chart-state`);
        assert.ok(await state.isHidden(), name);
      }
      await page.waitForSelector(`.crash-table td:text-is("dangling pointer ${HOSTILE}")`);
      await assertFits(page);
      await screenshot(page, `crash_${where}`);
      await page.locator('.crash-tables-head button:has-text("Spans")').click();
      await page.waitForSelector('.crash-table td:text-is("POST /checkout")');
      await page.locator('.crash-tables-head button:has-text("Metrics")').click();
      await page.waitForSelector('.crash-table td:text-is("process.cpu.time") >> nth=0');
      await page.waitForURL("**/#/crash?id=*&table=metrics");

      // The process has ended; its history is there all the same, and leads back.
      await page.locator('a:text-is("What happened to it")').click();
      const panel = page.locator('aside[aria-label="Process 4242"]');
      await panel.locator(':text("This process has ended.")').waitFor();
      const exit = panel.locator('li:has(span:text-matches("crashed with SIGSEGV$"))');
      await exit.locator('a:text-is("last minutes")').waitFor();
      await screenshot(page, `crash_history_${where}`);
      await exit.locator('a:text-is("last minutes")').click();
      await page.waitForURL(`**/#/crash?id=${id}`);
      await page.waitForSelector(".crash-table td");
    });
  });
}

Deno.test("crashes: filters of the health page; a crash that is not there", async () => {
  await visit({ width: 1440, theme: "light" }, crashedOrders, "#/health", async ({ page }) => {
    await page.waitForSelector(group("mail"));
    await page.locator('label:has-text("Not healthy only") input').check();
    // Long ago is long ago: of orders only the crash of today is left.
    await page.locator(`${group("orders")} :text("Crashes in the last 7 days: 1")`).waitFor();
    await page.locator('label:has-text("Not healthy only") input').uncheck();
    await page.fill('input[type="search"]', "sigabrt");
    await page.waitForSelector(group("mail"), { state: "detached" });
    await page.locator(`${group("orders")} :text("Crashes in the last 7 days: 4")`).waitFor();
    assert.ok(await page.locator(`${group("orders")} table`).isHidden());
    await page.fill('input[type="search"]', "no such thing");
    await page.waitForSelector(':text("Nothing matches the filter.")');
  });
  const notThere = async () => {};
  await visit({ width: 390, theme: "dark" }, notThere, "#/crash?id=", async ({ page }) => {
    await page.waitForSelector(':text("no crash is named")');
  });
});

Deno.test("crashes: a process that ends while it is looked at gets its end, and the way to its crash", async () => {
  const process = processOf(77, "worker", "orders", null);
  const id = processId(77, process.startTimeMs);
  const prepare = (server: PageServer) => {
    server.processes = [process];
    return Promise.resolve();
  };
  const look = { width: 1440, theme: "light" } as const;
  await visit(look, prepare, `#/processes?id=${id}`, async ({ server, page, crashes }) => {
    const panel = page.locator('aside[aria-label="Process 77"]');
    await panel.locator('h3:text-is("Limits")').waitFor();
    assert.equal(await panel.locator(".crash-link").count(), 0);
    const ended = { ...process, exitedAtMs: Date.now(), lastSeenMs: Date.now() };
    server.processes = [];
    await crash(server, crashes, ended);
    await panel.locator(':text("This process has ended.")').waitFor();
    await panel.locator('li:has-text("crashed with SIGSEGV") a:text-is("last minutes")').waitFor();
    await panel.locator('h3:text-is("Crashes")').waitFor();
    // Another process of the program leads to the run that crashed.
    server.processes = [{ ...process, pid: 78, startTimeMs: ended.exitedAtMs }];
    await until("the exit is stored", PATIENCE_MS, async () => {
      const answer = await fetch(`${server.url}/api/processes/78-${ended.exitedAtMs}`);
      const { runs } = await answer.json();
      return runs?.[0]?.crash_id === crashes.list()[0]?.id || null;
    });
    await page.goto(`${server.url}/#/processes?pid=78`);
    const next = page.locator('aside[aria-label="Process 78"]');
    await next.locator('h3:text-is("Earlier runs")').waitFor();
    await next.locator('li:has-text("crashed") a:text-is("pid 77")').click();
    await panel.locator(':text("This process has ended.")').waitFor();
  });
});
