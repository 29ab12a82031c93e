import type { CheckStatus } from "./check_status.ts";
import { type Finding, finding, type HealthState } from "./health_state.ts";

/** Whether all of the named checks must be well, or one at least. */
export const DEPENDENCY_NEEDS = ["all", "any"] as const;
export type DependencyNeed = typeof DEPENDENCY_NEEDS[number];

const RANK: Readonly<Record<HealthState, number>> = {
  healthy: 0,
  degraded: 1,
  unknown: 2,
  unhealthy: 3,
};

/** What other checks amount to: with `all` as bad as the worst of them, with `any` as the best. */
export function dependencyFinding(
  others: readonly Pick<CheckStatus, "name" | "state">[],
  need: DependencyNeed,
): Finding {
  const ranked = others.toSorted((a, b) => RANK[a.state] - RANK[b.state]);
  const decisive = need === "all" ? ranked.at(-1) : ranked[0];
  if (decisive === undefined) return finding("unknown", "depends on no check");
  const bad = ranked.filter(({ state }) => state !== "healthy");
  if (bad.length === 0) return finding("healthy", `all of ${others.length} are healthy`);
  const said = bad.toReversed().map(({ name, state }) => `${name} is ${state}`).join(", ");
  return finding(decisive.state, need === "all" ? said : `of ${others.length}: ${said}`);
}

/** A check that depends on itself by way of others, as the path of names; null when there is none. */
export function dependencyCycle(
  dependencies: ReadonlyMap<string, readonly string[]>,
): readonly string[] | null {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] | null => {
    const at = path.indexOf(name);
    if (at >= 0) return [...path.slice(at), name];
    if (done.has(name)) return null;
    for (const next of dependencies.get(name) ?? []) {
      const cycle = visit(next, [...path, name]);
      if (cycle !== null) return cycle;
    }
    done.add(name);
    return null;
  };
  for (const name of dependencies.keys()) {
    const cycle = visit(name, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
