/** How long a test waits for what must come; the machine may be busy. Nothing is measured by it. */
export const PATIENCE_MS = 60_000;

/** Between two looks; short against every deadline, long against what a look costs. */
const INTERVAL_MS = 50;

/**
 * Looks again and again until `look` answers something else than null.
 *
 * @param what names what is waited for, for the error
 * @throws {Error} after `deadlineMs`; whatever `look` throws, at once
 */
export async function until<T>(
  what: string,
  deadlineMs: number,
  look: () => Promise<T | null> | T | null,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

/**
 * What `promise` yields, if it does so in time.
 *
 * @throws {Error} after `deadlineMs`; the promise is left to itself then
 */
export async function within<T>(
  what: string,
  deadlineMs: number,
  promise: Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what}: not within ${deadlineMs} ms`)),
    deadlineMs,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
