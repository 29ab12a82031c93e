/** How long the store's thread may be held by one piece of work, milliseconds. */
export interface Patience {
  /** A query's slice, past the query's deadline. */
  readonly pastDeadlineMs: number;
  /** A query's slice, however far off the deadline is. */
  readonly sliceMs: number;
  /** The store's own work: an append, a sealing, upkeep. */
  readonly ownWorkMs: number;
}

/** With a data directory: all rows are back after a restart. */
export const DURABLE_PATIENCE: Patience = {
  pastDeadlineMs: 5_000,
  sliceMs: 30_000,
  ownWorkMs: 300_000,
};

/** In memory only, where a restart costs every row: most queries that are late end by themselves. */
export const MEMORY_PATIENCE: Patience = {
  pastDeadlineMs: 60_000,
  sliceMs: 120_000,
  ownWorkMs: 300_000,
};
