import assert from "node:assert/strict";
import { HorizonError } from "../../../mod/errors.ts";
import { BarredQueries } from "../../../storage/barred_queries.ts";
import { MAX_RESTARTS, RestartBudget, WINDOW_MS } from "../../../storage/restart_budget.ts";

Deno.test("RestartBudget: so many within the window, and again once it has passed", () => {
  const budget = new RestartBudget();
  for (let i = 0; i < MAX_RESTARTS; i++) assert.equal(budget.take(i), true);
  assert.equal(budget.take(MAX_RESTARTS), false);
  assert.equal(budget.take(WINDOW_MS), true);
  assert.equal(budget.take(WINDOW_MS), false);
});

Deno.test("BarredQueries: refuses the very statement for a while, and remembers a bounded number", () => {
  const barred = new BarredQueries();
  barred.bar("SELECT 1", 0);
  assert.throws(
    () => barred.check("SELECT 1", 1),
    (error) =>
      error instanceof HorizonError && error.code === "deadline_exceeded" &&
      error.details["barred_for_ms"] === 599_999,
  );
  barred.check("SELECT 2", 1);
  barred.check("SELECT 1", 600_000);
  for (let i = 0; i < 100; i++) barred.bar(`SELECT ${i}`, 0);
  barred.check("SELECT 35", 1);
  assert.throws(() => barred.check("SELECT 36", 1));
});
