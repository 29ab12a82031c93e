// @ts-check
/** The file systems of the host and how full they are. */

import { formatBytes, formatPercent } from "../format.js";
import { levelOf } from "./overview_tiles.js";

/** @import { SqlValue } from "../api_client.js" */

/**
 * @typedef {object} Filesystem
 * @property {string} mountpoint
 * @property {string} device
 * @property {number} usedBytes
 * @property {number} totalBytes without what is reserved for root
 * @property {number} ratio
 * @property {"ok" | "warning" | "critical"} level
 * @property {string} text
 */

/** File systems shown at most, the fullest first. */
const MAX_SHOWN = 12;
/** Smaller ones are made by the system for single files, and nobody fills them. */
const MIN_BYTES = 1024 * 1024;

/** They are looked at less often than the rest, so a longer time counts as current. */
export const FILESYSTEMS_QUERY = `SELECT labels['system.filesystem.mountpoint'] AS mountpoint,
  labels['system.device'] AS device,
  labels['system.filesystem.state'] AS state,
  arg_max(value, ts) AS bytes
FROM metrics
WHERE name = 'system.filesystem.usage' AND ts > now_utc() - INTERVAL 10 MINUTE
GROUP BY ALL`;

/**
 * @param {readonly SqlValue[][]} rows of {@link FILESYSTEMS_QUERY}
 * @returns {Filesystem[]} the fullest first; a device mounted in several places once
 */
export function filesystemsOf(rows) {
  /** @type {Map<string, { mountpoint: string, device: string, used: number, free: number }>} */
  const found = new Map();
  for (const [mountpoint, device, state, bytes] of rows) {
    if (typeof mountpoint !== "string" || typeof bytes !== "number") continue;
    const entry = found.get(mountpoint) ??
      { mountpoint, device: String(device ?? ""), used: 0, free: 0 };
    if (state === "used") entry.used = bytes;
    if (state === "free") entry.free = bytes;
    found.set(mountpoint, entry);
  }
  /** @type {Map<string, Filesystem>} */
  const byDevice = new Map();
  for (const { mountpoint, device, used, free } of found.values()) {
    const total = used + free;
    if (total < MIN_BYTES) continue;
    const key = device.startsWith("/") ? device : mountpoint;
    const known = byDevice.get(key);
    if (known !== undefined && known.mountpoint.length <= mountpoint.length) continue;
    const ratio = used / total;
    byDevice.set(key, {
      mountpoint,
      device,
      usedBytes: used,
      totalBytes: total,
      ratio,
      level: levelOf(ratio),
      text: `${formatBytes(used)} of ${formatBytes(total)}, ${formatPercent(ratio)}`,
    });
  }
  return [...byDevice.values()]
    .sort((a, b) => b.ratio - a.ratio || a.mountpoint.localeCompare(b.mountpoint))
    .slice(0, MAX_SHOWN);
}
