/** ISO 8601 of milliseconds since the Unix epoch, or null. */
export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** ISO 8601 with microseconds, of microseconds since the Unix epoch. */
export function isoMicros(us: number): string {
  const ms = Math.floor(us / 1000);
  const rest = String(us - ms * 1000).padStart(3, "0");
  return new Date(ms).toISOString().replace("Z", `${rest}Z`);
}
