import assert from "node:assert/strict";
import type { CheckStatus } from "../../mod/health/check_status.ts";
import type { HealthState } from "../../mod/health/health_state.ts";
import type { PageServer } from "./page_server.ts";
import { goByKeys, visit, type VisitOptions } from "./watched_page.ts";

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

/** A server of which `runCheck` makes a check healthy, and notes that it ran. */
function withChecks(ran: string[] = []): VisitOptions {
  let server: PageServer | undefined;
  return {
    runCheck: (name) => {
      ran.push(name);
      if (server === undefined) return null;
      server.checks = server.checks.map((one) =>
        one.name === name ? check(name, one.service, "healthy") : one
      );
      return server.checks.find((one) => one.name === name) ?? null;
    },
    prepare: (started) => {
      server = started;
      server.checks = [
        check("port", null, "healthy", { kind: "tcp" }),
        check("orders-api", "orders", "unhealthy"),
        check("orders-grpc", "orders", "healthy", { kind: "grpc", flapping: true }),
        check("stock-queue", "stock", "degraded", { kind: "sql", role: "readiness" }),
        check("billing-process", "billing", "healthy", { kind: "process" }),
        check("new", "billing", "unknown", { recent: [], last: null, changes: [], sinceMs: null }),
      ];
    },
  };
}

const row = (name: string) => `tr.health-row:has(.health-name:text-is("${name}"))`;

Deno.test("health page: services worst first, with state, reasons, output and changes, live", async () => {
  const ran: string[] = [];
  await visit("#/health", async ({ server, page }) => {
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
  }, withChecks(ran));
});

Deno.test("health page: by keyboard: filter, rows, details; the address keeps the filter", async () => {
  await visit("#/overview", async ({ page }) => {
    await goByKeys(page, "h", row("port"));
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
    await page.waitForSelector(':text("Nothing matches the filter.")');
  }, { theme: "light", ...withChecks() });
});
