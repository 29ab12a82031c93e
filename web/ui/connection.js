// @ts-check
/** Whether what is shown is current, in one word. */

/** @import { LiveState } from "./live_samples.js" */

/** @typedef {{ state: "live" | "connected" | "polling" | "connecting" | "offline", text: string }} ConnectionLabel */

/**
 * @param {LiveState} live
 * @param {boolean | null} reachable whether the last request was answered; null before the first
 * @returns {ConnectionLabel}
 */
export function connectionLabel(live, reachable) {
  if (live === "live") return { state: "live", text: "Live" };
  if (reachable === false) return { state: "offline", text: "Offline, trying again" };
  if (live === "polling") return { state: "polling", text: "Live, every 2 s" };
  if (live === "connecting" || reachable === null) {
    return { state: "connecting", text: "Connecting" };
  }
  return { state: "connected", text: "Connected" };
}
