import { buildKind, VERSION } from "../version.ts";

/** What is running, for people and for bug reports. */
export interface VersionFacts {
  readonly version: string;
  readonly build: string;
  readonly deno: string;
  readonly v8: string;
  readonly target: string;
}

export function versionFacts(): VersionFacts {
  return {
    version: VERSION,
    build: buildKind(),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    target: Deno.build.target,
  };
}

/** `horizon 0.1.0 (compiled, Deno 2.9.6, x86_64-unknown-linux-gnu)`. */
export function versionText(): string {
  const { version, build, deno, target } = versionFacts();
  return `horizon ${version} (${build}, Deno ${deno}, ${target})`;
}
