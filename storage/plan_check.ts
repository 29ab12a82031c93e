import { tableFromIPC } from "apache-arrow";
import { HorizonError } from "../mod/errors.ts";
import type { DuckDb } from "./duckdb_module.ts";
import { isEngineCrash } from "./engine_error.ts";

/**
 * Pairs of rows that a join without an equality may compare. The engine compares the rows of
 * one slice in one go, about 200 million a second, and cannot be stopped in between.
 */
const MAX_COMPARED_PAIRS = 100_000_000;
/** Joins that compare every row of one side with every row of the other. */
const PAIRWISE_JOINS: ReadonlySet<string> = new Set(["BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN"]);
/** Plans nest far less; a deeper one is refused rather than walked. */
const MAX_DEPTH = 400;

interface PlanNode {
  readonly name: string;
  readonly estimatedRows: number | null;
  readonly children: readonly PlanNode[];
}

/**
 * Plans a statement without running it and refuses one whose plan would hold the engine for
 * seconds at a time. The sizes are the planner's estimates.
 *
 * @throws HorizonError `invalid_query`; the engine's own error when the statement does not plan
 */
export function checkPlan(db: DuckDb, connection: number, statement: string): void {
  const table = tableFromIPC(db.runQuery(connection, `EXPLAIN (FORMAT json) ${statement}`));
  const text: unknown = table.get(0)?.["explain_value"];
  if (typeof text !== "string") return;
  const parsed: unknown = JSON.parse(text);
  for (const root of Array.isArray(parsed) ? parsed : [parsed]) walk(readNode(root, 0));
}

/**
 * Refuses a PIVOT that leaves its values to the data: the engine would look for them in one piece,
 * past any deadline, even to plan the statement, and leave a type behind each time. In a view it
 * refuses such a PIVOT itself, before anything runs, so it is asked to explain one.
 *
 * @throws HorizonError `invalid_query`
 */
export function checkPivots(db: DuckDb, connection: number, statement: string): void {
  if (!/pivot/i.test(statement)) return;
  try {
    db.runQuery(connection, `EXPLAIN CREATE TEMP VIEW horizon_pivots AS ${statement}`);
  } catch (error) {
    if (isEngineCrash(error)) throw error;
    // What else is wrong with it is told when the statement itself is planned.
    if (!String(error).includes("pivot elements extracted from the data")) return;
    throw new HorizonError(
      "invalid_query",
      "PIVOT must name its values: PIVOT … ON column IN (value, value) USING …",
    );
  }
}

function walk(node: PlanNode): void {
  if (PAIRWISE_JOINS.has(node.name)) {
    const [left, right] = node.children.map(rowsOf);
    const pairs = (left ?? 0) * (right ?? 0);
    if (pairs > MAX_COMPARED_PAIRS) {
      throw new HorizonError(
        "invalid_query",
        `the query compares every row of one side of a join with every row of the other, about ${
          pairs.toExponential(1)
        } pairs; join on an equality, or filter the sides first`,
        { estimated_pairs: pairs, max_pairs: MAX_COMPARED_PAIRS },
      );
    }
  }
  for (const child of node.children) walk(child);
}

/** Rows that a part of the plan yields; where it has no estimate, the most of what feeds it. */
function rowsOf(node: PlanNode): number {
  return node.estimatedRows ?? Math.max(1, ...node.children.map(rowsOf));
}

function readNode(value: unknown, depth: number): PlanNode {
  if (depth > MAX_DEPTH) {
    throw new HorizonError("invalid_query", `the query's plan is deeper than ${MAX_DEPTH} steps`);
  }
  const node = isRecord(value) ? value : {};
  const children = Array.isArray(node["children"]) ? node["children"] : [];
  const info = isRecord(node["extra_info"]) ? node["extra_info"] : {};
  const estimate = Number(info["Estimated Cardinality"] ?? NaN);
  return {
    name: String(node["name"] ?? "").trim(),
    estimatedRows: Number.isFinite(estimate) ? estimate : null,
    children: children.map((child) => readNode(child, depth + 1)),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
