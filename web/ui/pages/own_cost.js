// @ts-check
/** What Horizon itself costs this host, out of two answers of `/api/info`. */

import { formatBytes, formatDuration, formatPercent } from "../format.js";

/** @import { Health, ServerInfo } from "../api_client.js" */
/** @import { Tile } from "./overview_tiles.js" */

/**
 * @param {ServerInfo} info
 * @param {ServerInfo | null} earlier an answer some seconds older; without one, the mean since the start
 * @returns {number | null} 1 = one core
 */
export function ownCpuRatio(info, earlier) {
  const since = earlier === null || earlier.pid !== info.pid
    ? { uptime_s: 0, cpu_seconds: 0 }
    : earlier;
  const seconds = info.uptime_s - since.uptime_s;
  return seconds > 0 ? Math.max(0, info.cpu_seconds - since.cpu_seconds) / seconds : null;
}

/**
 * @param {ServerInfo} info
 * @param {ServerInfo | null} earlier
 * @param {Health | null} health
 * @returns {Tile & { status: string, details: string }}
 */
export function ownTile(info, earlier, health) {
  const ratio = ownCpuRatio(info, earlier);
  const bad = health?.checks.filter(({ status }) => status !== "ok") ?? [];
  return {
    id: "horizon",
    title: "Horizon",
    value: formatPercent(ratio),
    note: `of one core\n${formatBytes(info.rss_bytes)}, up ${formatDuration(info.uptime_s)}`,
    ratio: null,
    status: health?.status ?? "",
    details: bad.map(({ name, message }) => `${name}: ${message ?? ""}`).join("\n"),
  };
}
