/**
 * What is remembered about series between requests (the running totals of delta points), with
 * the changes of the request in hand kept apart, so that a request that turns out malformed
 * leaves nothing behind. States are values: replaced, never changed in place.
 *
 * Bounded: past `maxStates` the state set up first is forgotten, and counted.
 */
export class JournaledStates<S> {
  readonly #states = new Map<number, S>();
  readonly #maxStates: number;
  /** States as they were before this request; undefined where there was none. */
  #before = new Map<number, S | undefined>();
  #evicted = 0;

  constructor(maxStates: number) {
    this.#maxStates = maxStates;
  }

  get size(): number {
    return this.#states.size;
  }

  /** States forgotten because there were too many. */
  get evicted(): number {
    return this.#evicted;
  }

  get(seriesId: number): S | undefined {
    return this.#states.get(seriesId);
  }

  set(seriesId: number, state: S): void {
    if (!this.#before.has(seriesId)) this.#before.set(seriesId, this.#states.get(seriesId));
    if (!this.#states.has(seriesId) && this.#states.size >= this.#maxStates) this.#evict();
    this.#states.set(seriesId, state);
  }

  /** Ends the request and makes its changes stay. Answers the series it changed. */
  keep(): readonly number[] {
    const changed = [...this.#before.keys()];
    if (changed.length > 0) this.#before = new Map();
    return changed;
  }

  /** Ends the request and undoes its changes. */
  rollback(): void {
    for (const [seriesId, state] of this.#before) {
      if (state === undefined) this.#states.delete(seriesId);
      else this.#states.set(seriesId, state);
    }
    this.#before = new Map();
  }

  forget(seriesIds: Iterable<number>): void {
    for (const seriesId of seriesIds) this.#states.delete(seriesId);
  }

  /** Forgets the series for which `isLive` says no. */
  prune(isLive: (seriesId: number) => boolean): void {
    for (const seriesId of this.#states.keys()) {
      if (!isLive(seriesId)) this.#states.delete(seriesId);
    }
  }

  #evict(): void {
    for (const oldest of this.#states.keys()) {
      this.#states.delete(oldest);
      this.#evicted++;
      return;
    }
  }
}
