import type { TargetGroup } from "../../mod/prometheus/target_file.ts";

/** What is wrong with where targets are looked for. */
export interface DiscoveryProblem {
  /** A file, a process. */
  readonly where: string;
  readonly message: string;
}

/** Where targets come from that may change while Horizon runs. */
export interface TargetDiscovery {
  /** Looks again. Answers whether anything changed, and what is newly wrong. */
  refresh(): Promise<{
    readonly changed: boolean;
    readonly problems: readonly DiscoveryProblem[];
  }>;
  groups(): readonly TargetGroup[];
}
