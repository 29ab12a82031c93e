import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { CheckStatus } from "../../mod/health/check_status.ts";
import type { HealthState } from "../../mod/health/health_state.ts";
import { launchBrowser } from "./browser.ts";
import { type PageServer, startPageServer } from "./page_server.ts";

/** Where a screenshot of each theme goes; not set: none is taken. */
const SCREENSHOTS = Deno.env.get("HORIZON_SCREENSHOTS");
const HOSTILE = "<img src=x onerror=alert(1)>";

/** A check with a minute of results and one change behind it. */
function check(
  name: string,
  service: string | null,
  state: HealthState,
  more: Partial<CheckStatus> = {},
): CheckStatus {
  const nowMs = Date.now();
  const recent = Array.from({ length: 60 }, (_, i) => ({
    atMs: nowMs - (60 - i) * 1_000,
    state: i > 50 ? state : "healthy" as const,
    latencyMs: 12 + 8 * Math.sin(i / 3) + (i > 50 && state !== "healthy" ? 30 : 0),
    message: state === "healthy" ? "answers 200" : `answers 500 ${HOSTILE}`,
    output: state === "healthy" ? null : `stack trace of ${name}\n  at line 1`,
  }));
  return {
    name,
    service,
    role: "liveness",
    kind: "http",
    state,
    sinceMs: nowMs - 185_000,
    flapping: false,
    reason: state === "healthy" ? "answers 200" : `answers 500 ${HOSTILE}`,
    intervalMs: 1_000,
    timeoutMs: 500,
    running: false,
    runs: 1_234,
    timeouts: 3,
    skipped: 0,
    last: recent.at(-1) ?? null,
    recent,
    changes: [{ atMs: nowMs - 185_000, from: "healthy", to: state, message: "answers 500" }],
    ...more,
  };
}

async function visit(
  path: string,
  theme: "dark" | "light",
  work: (server: PageServer, page: Page, ran: string[]) => Promise<void>,
): Promise<void> {
  const ran: string[] = [];
  const server = await startPageServer({
    series: [],
    pastSeconds: 0,
    processes: [],
    runCheck: (name) => {
      ran.push(name);
      server.checks = server.checks.map((one) =>
        one.name === name ? check(name, one.service, "healthy") : one
      );
      return server.checks.find((one) => one.name === name) ?? null;
    },
  });
  server.checks = [
    check("port", null, "healthy", { kind: "tcp" }),
    check("orders-api", "orders", "unhealthy"),
    check("orders-grpc", "orders", "healthy", { kind: "grpc", flapping: true }),
    check("stock-queue", "stock", "degraded", { kind: "sql", role: "readiness" }),
    check("billing-process", "billing", "healthy", { kind: "process" }),
    check("new", "billing", "unknown", { recent: [], last: null, changes: [], sinceMs: null }),
  ];
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({
      viewport: { width: 1440, height: 900 },
      colorScheme: theme,
    });
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    await page.goto(`${server.url}/${path}`);
    await work(server, page, ran);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    await server.close();
  }
}

const row = (name: string) => `tr.health-row:has(.health-name:text-is("${name}"))`;

Deno.test("health page: services worst first, with state, reasons, output and changes, live", async () => {
  await visit("#/health", "dark", async (server, page, ran) => {
    await page.waitForSelector(`${row("orders-api")} .health-dot[data-state="unhealthy"]`);
    await page.waitForSelector(`${row("orders-grpc")} >> text="healthy, flapping"`);
    await page.waitForSelector(`${row("orders-api")} >> text=/^3 m( \\d+ s)?$/`);
    await page.waitForSelector(`${row("orders-api")} .health-spark circle[data-state="unhealthy"]`);
    await page.waitForSelector('[data-tile="unhealthy"] >> text="1"');
    const titles = await page.locator(".health-title").allTextContents();
    assert.deepEqual(titles, ["This host", "orders", "stock", "billing"]);
    // Text of what is checked stays text.
    assert.equal(await page.locator("main img").count(), 0);
    await page.locator(`${row("orders-api")} .health-button`).click();
    await page.waitForSelector('.health-output:has-text("stack trace of orders-api")');
    await page.waitForSelector('.health-changes :text("healthy to unhealthy")');
    if (SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${SCREENSHOTS}/health_dark.png` });
    }
    await page.locator('button:visible:text-is("Run now")').click();
    await page.waitForSelector(`${row("orders-api")} .health-dot[data-state="healthy"]`);
    assert.deepEqual(ran, ["orders-api"]);
    // What was opened is open still, although the service has moved down.
    await page.waitForSelector(`${row("orders-api")} .health-button[aria-expanded="true"]`);
    server.checks = [];
    await page.waitForSelector(':text("Checks stand in the section health of horizon.yaml.")');
  });
});

Deno.test("health page: by keyboard: filter, rows, details; the address keeps the filter", async () => {
  await visit("#/overview", "light", async (_server, page) => {
    await page.keyboard.press("g");
    await page.keyboard.press("h");
    await page.waitForSelector(row("port"));
    if (SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${SCREENSHOTS}/health_light.png` });
    }
    await page.keyboard.press("/");
    await page.keyboard.type("orders");
    await page.waitForSelector(row("port"), { state: "detached" });
    await page.waitForURL("**/#/health?filter=orders");
    await page.locator(".health-button").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForSelector(`${row("orders-grpc")} .health-button[aria-expanded="true"]:focus`);
    await page.fill('input[type="search"]', "");
    await page.locator('label:has-text("Not healthy only") input').check();
    await page.waitForSelector(row("port"), { state: "detached" });
    await page.waitForSelector(row("stock-queue"));
    await page.fill('input[type="search"]', "no such check");
    await page.waitForSelector(':text("No check matches the filter.")');
  });
});
