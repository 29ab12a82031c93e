import { runsFromSource } from "./assets.ts";

/** Horizon's version, the same as in deno.json (a test compares them). */
export const VERSION = "0.1.0";

/**
 * How this code came to run: from its source tree, as a `deno compile` executable, or unpacked by the
 * self-extracting executable.
 */
export type BuildKind = "source" | "compiled" | "self-extracting";

/** The kind of the running build. */
export function buildKind(): BuildKind {
  if (runsFromSource()) return "source";
  return Deno.build.standalone ? "compiled" : "self-extracting";
}
