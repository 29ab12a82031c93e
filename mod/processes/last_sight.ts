/** A soft and a hard limit of `/proc/<pid>/limits`; null stands for unlimited. */
export interface ResourceLimit {
  readonly soft: number | null;
  readonly hard: number | null;
  /** As the kernel names it: `files`, `bytes`, `processes`; empty for numbers without one. */
  readonly unit: string;
}

/** What is remembered of a process of a group, since it cannot be asked any more once it has ended. */
export interface LastSight {
  /** Milliseconds since the Unix epoch. */
  readonly tsMs: number;
  readonly limits: Readonly<Record<string, ResourceLimit>>;
  /** Share of each limited resource in use, 1 is all of it. */
  readonly limitShares: Readonly<Record<string, number>>;
  /** What some of its descriptors are, by number. */
  readonly openFiles: Readonly<Record<string, string>>;
  /** True when it had more descriptors than are named. */
  readonly moreOpenFiles: boolean;
}
