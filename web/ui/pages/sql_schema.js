// @ts-check
/** What can be asked: the views, with their columns as the server itself tells them. */

/** @import { ApiClient, SqlColumn, SqlValue } from "../api_client.js" */

/** @typedef {{ name: string, note: string, columns: SqlColumn[] }} View */

/** Views that a Horizon may have, in the order they are shown; those that this one does not have are left out. */
const NOTES = new Map([
  ["metrics", "samples of gauges and counters"],
  ["histograms", "distributions"],
  ["exemplars", "measurements and their spans"],
  ["spans", "traces"],
  ["logs", "log records"],
  ["processes", "what runs now and what ran"],
  ["process_events", "starts, exits, crashes"],
  ["health_checks", "results of checks"],
  ["alerts", "what is wrong now"],
  ["alert_history", "what was wrong"],
  ["profiles", "CPU and heap profiles"],
  ["audit_log", "who changed what"],
  ["collectors", "what brings data in"],
  ["rollups_1m", "metrics by the minute"],
  ["rollups_1h", "metrics by the hour"],
]);

export const SCHEMA_QUERY = `SELECT table_name, column_name, data_type
FROM information_schema.columns
ORDER BY table_name, ordinal_position`;

/**
 * @param {readonly SqlValue[][]} rows of {@link SCHEMA_QUERY}
 * @returns {View[]}
 */
export function viewsOf(rows) {
  /** @type {Map<string, Map<string, SqlColumn>>} */
  const tables = new Map([...NOTES.keys()].map((name) => [name, new Map()]));
  for (const [table, column, type] of rows) {
    const name = String(column);
    tables.get(String(table))?.set(name, { name, type: String(type) });
  }
  return [...tables].filter(([, columns]) => columns.size > 0).map(([name, columns]) => ({
    name,
    note: NOTES.get(name) ?? "",
    columns: [...columns.values()],
  }));
}

/**
 * @param {ApiClient} api
 * @param {AbortSignal} signal
 * @returns {Promise<View[]>}
 */
export async function loadViews(api, signal) {
  const { rows } = await api.sql(SCHEMA_QUERY, { signal });
  return viewsOf(rows);
}
