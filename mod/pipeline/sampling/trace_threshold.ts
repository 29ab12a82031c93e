/** 12 hexadecimal digits of the 14 that OpenTelemetry compares: as many as a double holds exactly. */
const DIGITS = 12;
const RANGE = 16 ** DIGITS;

/**
 * The randomness of a trace, in [0, 1): the last 56 bits of its id (W3C Trace Context level 2,
 * "random trace id"), or `rv` of the member `ot` of its tracestate where the id is not random
 * (OpenTelemetry, "TraceState: Probability Sampling"). Whoever samples a trace decides by it, and so
 * decides alike. An id that is none is hashed, so that what bears it stays or goes together.
 */
export function traceRandomness(traceId: string, traceState: string): number {
  const explicit = otValue(traceState, "rv");
  const digits = explicit !== null && explicit.length === 14 ? explicit : traceId.slice(-14);
  // A trace id may be anything that a client sent; parseInt would read "-1" and "0x1" too.
  return /^[0-9a-f]{14}$/.test(digits)
    ? parseInt(digits.slice(0, DIGITS), 16) / RANGE
    : hashed(traceId);
}

/** FNV-1a with the last mixing of MurmurHash3, since the first digits count most. In [0, 1). */
function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return ((hash ^ hash >>> 16) >>> 0) / 2 ** 32;
}

/**
 * The share of traces that samplers before us rejected, in [0, 1), by `th` of the tracestate; 0
 * where none sampled.
 */
export function incomingThreshold(traceState: string): number {
  const threshold = otValue(traceState, "th");
  if (threshold === null || threshold.length > 14) return 0;
  return parseInt(threshold.slice(0, DIGITS).padEnd(DIGITS, "0"), 16) / RANGE;
}

/** A value of `ot=key:value;key:value` among the members of a tracestate, in hexadecimal. */
function otValue(traceState: string, key: "rv" | "th"): string | null {
  if (!traceState.includes("ot=")) return null;
  for (const member of traceState.split(",")) {
    const [name, values] = member.trim().split("=", 2);
    if (name !== "ot" || values === undefined) continue;
    const found = values.split(";").find((pair) => pair.startsWith(`${key}:`))?.slice(3) ?? "";
    return /^[0-9a-f]{1,14}$/.test(found) ? found : null;
  }
  return null;
}
