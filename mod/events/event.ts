/** Kinds of things that events happen to. */
export type EventStream = "process" | "health" | "crash";

export type EventSeverity = "info" | "warn" | "error";

/** Something that happened, once. Kept for `storage.retention.events`. */
export interface HorizonEvent {
  /** Milliseconds since the Unix epoch; fractions are kept to the microsecond. */
  readonly tsMs: number;
  readonly stream: EventStream;
  /** What happened, such as `exit`. */
  readonly name: string;
  /** What it happened to, such as `pid-starttime`; the same for all events about one thing. */
  readonly subject: string;
  /** Null when it belongs to no service. */
  readonly service: string | null;
  /** Null when it is about no process. */
  readonly pid: number | null;
  readonly severity: EventSeverity;
  /** One sentence for people. */
  readonly message: string;
  /** A number that says more; what it is depends on `name`. */
  readonly value: number | null;
  /** Further facts; null values are left out. */
  readonly attributes: Readonly<Record<string, string | number | null>>;
}
