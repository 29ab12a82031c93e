/** What the HTTP side needs of a logger: an event name and its facts. */
export interface WebLog {
  error(event: string, fields?: Record<string, unknown>): void;
}
