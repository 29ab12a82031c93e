import type { HorizonOptions } from "../support/running_horizon.ts";
import type { Figure } from "./report.ts";

/** How a run of the benchmarks was asked for. */
export interface BenchOptions {
  /** What is started where a part needs a Horizon: `main.ts`, or the built executable. */
  readonly program: NonNullable<HorizonOptions["program"]>;
  /** How long a rate is measured. */
  readonly seconds: number;
  /** Less data and fewer runs: to see that a part works, not to quote. */
  readonly quick: boolean;
}

/** What is measured in one go, because the figures need the same preparation. */
export interface Part {
  /** Names of the figures that `run` answers. */
  readonly figures: readonly string[];
  run(options: BenchOptions): Promise<Figure[]>;
}
