import { z } from "zod";
import { DURATION_PATTERN, formatDuration, parseDurationMs } from "./duration_text.ts";
import { LISTEN_PATTERN, type ListenAddress, parseListenAddress } from "./listen_address.ts";
import { timeZoneOf } from "../logs/time_zone.ts";
import { formatSize, parseSizeBytes, SIZE_PATTERN } from "./size_text.ts";

/**
 * The key of the JSON schema under which a value says in words what is allowed. It is shown with
 * every problem of that value.
 */
export const ALLOWED = "x-allowed";

/** A duration as text; milliseconds in the configuration. Bounds are texts, both included. */
export function duration(min: string, max: string): z.ZodType<number, string> {
  const [minMs, maxMs] = [bound(min, parseDurationMs), bound(max, parseDurationMs)];
  return z.string({ error: "is not a duration with its unit" }).meta({
    pattern: DURATION_PATTERN.source,
    [ALLOWED]: `a duration from ${formatDuration(minMs)} to ${
      formatDuration(maxMs)
    }, such as 500ms, 15s or 1h30m`,
  }).transform((text, ctx) => {
    const ms = parseDurationMs(text);
    if (ms === null) ctx.addIssue("is not a duration with its unit");
    else if (ms < minMs) ctx.addIssue("is too short");
    else if (ms > maxMs) ctx.addIssue("is too long");
    return ms ?? 0;
  });
}

/** A size as text, or as a number of bytes; bytes in the configuration. Bounds are texts, both included. */
export function size(min: string, max: string): z.ZodType<number, string | number> {
  const [minBytes, maxBytes] = [bound(min, parseSizeBytes), bound(max, parseSizeBytes)];
  return z.union([
    z.string().meta({ pattern: SIZE_PATTERN.source }),
    z.int(),
  ], { error: "is not a size" }).meta({
    [ALLOWED]: `a size from ${formatSize(minBytes)} to ${
      formatSize(maxBytes)
    }, such as 512KiB or 16MiB, or a number of bytes`,
  }).transform((value, ctx) => {
    const bytes = typeof value === "number" ? value : parseSizeBytes(value);
    if (bytes === null) ctx.addIssue("is not a size");
    else if (bytes < minBytes) ctx.addIssue("is too small");
    else if (bytes > maxBytes) ctx.addIssue("is too large");
    return bytes ?? 0;
  });
}

/** A whole number; bounds included. */
export function count(min: number, max: number): z.ZodType<number, number> {
  return z.int({ error: "is not a whole number" })
    .min(min, { error: "is too small" })
    .max(max, { error: "is too large" });
}

/** A number, not necessarily whole; bounds included. */
export function decimal(min: number, max: number): z.ZodType<number, number> {
  return z.number({ error: "is not a number" }).meta({
    [ALLOWED]: `a number from ${min} to ${max}`,
  }).min(min, { error: "is too small" })
    .max(max, { error: "is too large" });
}

/** True or false. */
export function flag(): z.ZodType<boolean, boolean> {
  return z.boolean({ error: "is neither true nor false" });
}

/** One of a closed set of words. */
export function choice<const T extends string>(words: readonly [T, ...T[]]): z.ZodType<T, T> {
  return z.enum(words, { error: "is not one of the allowed words" });
}

/** Text without control characters, with an upper bound of characters. */
export function text(
  maxLength: number,
  allowed = "text without control characters",
): z.ZodType<string, string> {
  return z.string({ error: "is not text" }).meta({ [ALLOWED]: allowed })
    .min(1, { error: "is empty" })
    .max(maxLength, { error: `is longer than ${maxLength} characters` })
    .refine((value) => !/\p{Cc}/u.test(value), { error: "has control characters in it" });
}

/** A time zone, by the name that `timeZoneOf` takes. */
export function timeZone(): z.ZodType<string, string> {
  return text(64, "local, utc, an offset such as +02:00, or a name such as Europe/Berlin")
    .refine((name) => timeZoneOf(name) !== null, { error: "is not a time zone" });
}

/** An absolute path. */
export function absolutePath(): z.ZodType<string, string> {
  return text(4_096, "an absolute path").refine((path) => path.startsWith("/"), {
    error: "is not an absolute path",
    when: ({ value }) => typeof value === "string",
  });
}

const ADDRESS_ALLOWED = "HOST:PORT, such as 127.0.0.1:9630, [::1]:9630 or 0.0.0.0:0 " +
  "(port 0 picks a free one)";

/** Where a listener binds. */
export function listenAddress(): z.ZodType<ListenAddress, string> {
  return z.string({ error: "is not an address" })
    .meta({ pattern: LISTEN_PATTERN.source, [ALLOWED]: ADDRESS_ALLOWED })
    .transform((text, ctx) => {
      const address = parseListenAddress(text);
      if (address === null) ctx.addIssue(addressProblem(text));
      return address ?? z.NEVER;
    });
}

/** Where a listener binds, or `off`, which is null in the configuration. */
export function optionalListenAddress(): z.ZodType<ListenAddress | null, string> {
  return z.string({ error: "is not an address" })
    .meta({
      pattern: `^off$|${LISTEN_PATTERN.source}`,
      [ALLOWED]: `${ADDRESS_ALLOWED}, or off`,
    })
    .transform((text, ctx) => {
      if (text === "off") return null;
      const address = parseListenAddress(text);
      if (address === null) ctx.addIssue(addressProblem(text));
      return address;
    });
}

function addressProblem(text: string): string {
  if (text === "off") return "cannot be off: it serves the page, the API and the health checks";
  if (/^:?\d+$/.test(text)) return "has no host: write 127.0.0.1 or 0.0.0.0 in front of the port";
  return "is not an address";
}

/** A bound written in this code; a wrong one is a mistake of ours. */
function bound(text: string, parse: (text: string) => number | null): number {
  const value = parse(text);
  if (value === null) throw new TypeError(`not a bound: ${text}`);
  return value;
}
