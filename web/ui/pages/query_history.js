// @ts-check
/** The queries that were run, newest first, kept in this browser. */

const STORAGE_KEY = "horizon.sql.history";
const MAX_ENTRIES = 50;
/** Longer ones are not worth their place. */
const MAX_LENGTH = 20_000;

/**
 * @typedef {{ sql: string, timeMs: number }} HistoryEntry
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} TextStorage
 */

/**
 * @param {TextStorage} storage
 * @returns {HistoryEntry[]} empty when what is stored makes no sense
 */
export function readHistory(storage) {
  let stored;
  try {
    stored = JSON.parse(storage.getItem(STORAGE_KEY) ?? "[]");
  } catch {
    // Written by something else, or cut off: a new history begins.
    return [];
  }
  if (!Array.isArray(stored)) return [];
  return stored.filter((entry) =>
    typeof entry?.sql === "string" && typeof entry.timeMs === "number"
  );
}

/**
 * Puts a query on top; one that was there moves up.
 * @param {TextStorage} storage
 * @param {HistoryEntry} entry
 * @returns {HistoryEntry[]} the history as it is now
 */
export function addToHistory(storage, entry) {
  const sql = entry.sql.trim();
  const others = readHistory(storage).filter((other) => other.sql !== sql);
  if (sql === "" || sql.length > MAX_LENGTH) return others;
  const entries = [{ sql, timeMs: entry.timeMs }, ...others].slice(0, MAX_ENTRIES);
  storage.setItem(STORAGE_KEY, JSON.stringify(entries));
  return entries;
}

/**
 * @param {TextStorage} storage
 * @returns {void}
 */
export function clearHistory(storage) {
  storage.removeItem(STORAGE_KEY);
}
