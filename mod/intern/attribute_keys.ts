/** Key ids are 16 bits; one is kept free to mean "refused", some for keys of our own. */
const MAX_ATTRIBUTE_KEYS = 65_000;
const MAX_KEY_ID = 65_535;

/** `idOf` answers this when the registry is full; the caller drops and counts the attribute. */
export const KEY_REFUSED = 0;

export interface AttributeKeyLimits {
  /** Numbers that are given. */
  readonly maxKeys: number;
  /** The largest number; those above `maxKeys` are for keys that are pinned, once there is no other. */
  readonly maxId: number;
  /** With fewer keys none is forgotten. */
  readonly forgetFrom: number;
  /** A key without a row for this long is forgotten then, milliseconds. */
  readonly idleAfterMs: number;
}

export const ATTRIBUTE_KEY_LIMITS: AttributeKeyLimits = {
  maxKeys: MAX_ATTRIBUTE_KEYS,
  maxId: MAX_KEY_ID,
  forgetFrom: MAX_ATTRIBUTE_KEYS / 2,
  // More than batches wait to be sent on, which name their keys by number meanwhile.
  idleAfterMs: 2 * 3_600_000,
};

/**
 * Attribute keys by number, from 1. Bounded; what is refused is counted.
 *
 * A number goes round: it is a key's; the key is *forgotten*, since no row has it any more, and a row that comes
 * with it gets another number; the number is *released* once the store holds no row that refers to it,
 * and is given to another key. Until then `keyOf` answers the old one.
 */
export class AttributeKeys {
  readonly #limits: AttributeKeyLimits;
  readonly #ids = new Map<string, number>();
  /** By number; empty for those that were released. */
  readonly #byId: string[] = [""];
  /** When each number last had a row, milliseconds since the Unix epoch. */
  readonly #lastUsedMs: Float64Array;
  readonly #pinned = new Set<number>();
  /** Forgotten, and not released. */
  readonly #retired = new Set<number>();
  /** Of those, what the store has not been told. */
  #untold: number[] = [];
  readonly #free: number[] = [];
  /** Those above `maxKeys`. */
  readonly #freeAbove: number[] = [];
  #pending: { id: number; key: string }[] = [];
  #refused = 0;
  #generation = 0;

  constructor(limits: AttributeKeyLimits = ATTRIBUTE_KEY_LIMITS) {
    this.#limits = limits;
    this.#lastUsedMs = new Float64Array(limits.maxId + 1);
  }

  get refused(): number {
    return this.#refused;
  }

  /** Keys that are known. */
  get size(): number {
    return this.#ids.size;
  }

  /** Rises when keys are forgotten: who remembers numbers must then ask for them again. */
  get generation(): number {
    return this.#generation;
  }

  idOf(key: string): number {
    return this.#idUpTo(this.#limits.maxKeys, key);
  }

  #idUpTo(maxId: number, key: string): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const spare = maxId > this.#limits.maxKeys ? this.#freeAbove : [];
    const id = this.#free.pop() ?? spare.pop() ?? this.#byId.length;
    if (id > maxId) {
      this.#refused++;
      return KEY_REFUSED;
    }
    this.#ids.set(key, id);
    this.#byId[id] = key;
    this.#pending.push({ id, key });
    return id;
  }

  /**
   * `idOf`, for who remembers the number for good: it is never forgotten. Keys of what is configured have room
   * of their own, which a flood of other keys cannot take.
   */
  pinnedIdOf(key: string): number {
    const id = this.#idUpTo(this.#limits.maxId, key);
    if (id !== KEY_REFUSED) this.#pinned.add(id);
    return id;
  }

  /** The key of a number that `idOf` gave; empty when it gave none such. */
  keyOf(id: number): string {
    return this.#byId[id] ?? "";
  }

  /** Notes that rows of now have these keys; each may stand there many times. */
  touch(ids: Uint16Array, nowMs: number): void {
    const lastUsedMs = this.#lastUsedMs;
    for (let i = 0; i < ids.length; i++) lastUsedMs[ids[i]!] = nowMs;
  }

  /**
   * Forgets the keys that had no row for long, where there are many. Call it only when no row waits to be
   * stored. `takeForgotten` has what the store is to be told.
   */
  forgetIdle(nowMs: number): void {
    if (this.#ids.size < this.#limits.forgetFrom) return;
    const before = nowMs - this.#limits.idleAfterMs;
    const idle = [...this.#ids].filter(([, id]) =>
      this.#lastUsedMs[id]! < before && !this.#pinned.has(id)
    );
    if (idle.length === 0) return;
    this.#generation++;
    for (const [key, id] of idle) {
      this.#ids.delete(key);
      this.#retire(id);
    }
  }

  #retire(id: number): void {
    this.#retired.add(id);
    this.#untold.push(id);
  }

  /** Numbers that no row to come refers to, and of which the store does not know that. */
  takeForgotten(): number[] {
    const untold = this.#untold;
    this.#untold = [];
    return untold;
  }

  /** Takes them back, after the store could not be told. */
  giveBackForgotten(ids: readonly number[]): void {
    this.#untold.push(...ids);
  }

  /** The store holds no row that refers to these, and has lost their definitions. */
  release(ids: Iterable<number>): void {
    for (const id of ids) {
      if (!this.#retired.delete(id)) continue;
      this.#byId[id] = "";
      (id > this.#limits.maxKeys ? this.#freeAbove : this.#free).push(id);
    }
  }

  /**
   * Takes up keys that the store recovered, used now as it were. Ids must be dense from 1; an empty key is
   * that of a number that was released, and of two numbers of one key the first was forgotten.
   */
  restore(keys: Iterable<{ readonly id: number; readonly key: string }>, nowMs: number): void {
    for (const { id, key } of keys) {
      this.#byId[id] = key;
      this.#lastUsedMs[id] = nowMs;
      if (key === "") {
        this.#retire(id);
        continue;
      }
      const before = this.#ids.get(key);
      if (before !== undefined) this.#retire(before);
      this.#ids.set(key, id);
    }
  }

  takePending(): { id: number; key: string }[] {
    const pending = this.#pending;
    this.#pending = [];
    return pending;
  }

  /** Every number there is, for a store that knows nothing; it is then to be told anew what was forgotten. */
  takeAll(): { id: number; key: string }[] {
    this.#pending = [];
    this.#untold = [...this.#retired];
    return this.#byId.slice(1).map((key, i) => ({ id: i + 1, key }));
  }
}
