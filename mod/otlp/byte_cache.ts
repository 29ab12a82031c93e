/** Slots looked at for one key; with every slot taken the first is overwritten. */
const MAX_PROBES = 16;
const FIRST_SLOTS = 1024;
/** Words of a slot: hash, number of the entry from 1; 0 where the slot is free. */
const SLOT_WORDS = 2;
/** Words of an entry: seed, start and length of its key, value. */
const ENTRY_WORDS = 4;
const SEED = 0;
const START = 1;
const LENGTH = 2;
const VALUE = 3;

export interface ByteCacheLimits {
  readonly maxEntries: number;
  /** Bytes of keys held. */
  readonly maxBytes: number;
}

/**
 * Numbers found again by undecoded bytes and a seed. A cache, not a table: it forgets
 * everything when a limit is reached, and a key now and then, so each number must be
 * found again elsewhere. A lookup costs one pass over the key, whatever senders choose as keys.
 *
 * Senders repeat themselves in the same order: so the key after the one found last is tried
 * first, which needs no hash and walks through memory in order.
 *
 * `salt` should be random, so that nobody can craft keys that collide.
 */
export class ByteCache {
  readonly #limits: ByteCacheLimits;
  readonly #salt: number;
  #mask = FIRST_SLOTS - 1;
  #slots = new Int32Array(FIRST_SLOTS * SLOT_WORDS);
  #entries = new Int32Array(FIRST_SLOTS * ENTRY_WORDS);
  #size = 0;
  #keys = new DataView(new ArrayBuffer(FIRST_SLOTS * 16));
  #keyBytes = 0;
  /** The entry that is likely asked for next. */
  #expected = 0;

  constructor(limits: ByteCacheLimits, salt: number) {
    this.#limits = limits;
    this.#salt = salt;
  }

  /** Entries held, those counted that gave way to others on the same slots. */
  get size(): number {
    return this.#size;
  }

  /** The number of bytes [start, end) under `seed` (unsigned 32 bits), or -1. */
  find(bytes: DataView, start: number, end: number, seed: number): number {
    const length = end - start;
    const expected = this.#expected;
    if (expected < this.#size && this.#holds(expected, bytes, start, length, seed)) {
      this.#expected = expected + 1;
      return this.#entries[expected * ENTRY_WORDS + VALUE]! >>> 0;
    }
    return this.#search(bytes, start, end, seed);
  }

  /** Remembers a number (unsigned 32 bits) after `find` missed it. */
  add(bytes: DataView, start: number, end: number, seed: number, value: number): void {
    const length = end - start;
    if (length > this.#limits.maxBytes) return;
    const full = this.#size >= this.#limits.maxEntries ||
      this.#keyBytes + length > this.#limits.maxBytes;
    if (full) this.clear();
    if ((this.#size + 1) * 2 > this.#mask) this.#grow();
    const at = this.#size * ENTRY_WORDS;
    this.#entries[at + SEED] = seed;
    this.#entries[at + START] = this.#appendKey(bytes, start, end);
    this.#entries[at + LENGTH] = length;
    this.#entries[at + VALUE] = value;
    this.#size++;
    this.#place(hashRange(bytes, start, end, seed ^ this.#salt), this.#size);
    this.#expected = this.#size;
  }

  clear(): void {
    this.#mask = FIRST_SLOTS - 1;
    this.#slots = new Int32Array(FIRST_SLOTS * SLOT_WORDS);
    this.#entries = new Int32Array(FIRST_SLOTS * ENTRY_WORDS);
    this.#keys = new DataView(new ArrayBuffer(FIRST_SLOTS * 16));
    this.#keyBytes = this.#size = this.#expected = 0;
  }

  #search(bytes: DataView, start: number, end: number, seed: number): number {
    const hash = hashRange(bytes, start, end, seed ^ this.#salt);
    let slot = hash & this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const number = this.#slots[slot * SLOT_WORDS + 1]!;
      if (number === 0) return -1;
      if (
        this.#slots[slot * SLOT_WORDS] === hash &&
        this.#holds(number - 1, bytes, start, end - start, seed)
      ) {
        this.#expected = number;
        return this.#entries[(number - 1) * ENTRY_WORDS + VALUE]! >>> 0;
      }
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  #holds(entry: number, bytes: DataView, start: number, length: number, seed: number): boolean {
    const at = entry * ENTRY_WORDS;
    const entries = this.#entries;
    return entries[at + LENGTH] === length && entries[at + SEED] === (seed | 0) &&
      equalRanges(this.#keys, entries[at + START]!, bytes, start, length);
  }

  #place(hash: number, number: number): void {
    const slots = this.#slots;
    const home = hash & this.#mask;
    let slot = home;
    let probe = 0;
    while (probe < MAX_PROBES && slots[slot * SLOT_WORDS + 1] !== 0) {
      slot = (slot + 1) & this.#mask;
      probe++;
    }
    if (probe === MAX_PROBES) slot = home;
    slots[slot * SLOT_WORDS] = hash;
    slots[slot * SLOT_WORDS + 1] = number;
  }

  #appendKey(bytes: DataView, start: number, end: number): number {
    const at = this.#keyBytes;
    const needed = at + end - start;
    if (needed > this.#keys.byteLength) {
      const larger = new Uint8Array(Math.max(needed, this.#keys.byteLength * 2));
      larger.set(new Uint8Array(this.#keys.buffer, 0, at));
      this.#keys = new DataView(larger.buffer);
    }
    const key = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    new Uint8Array(this.#keys.buffer).set(key, at);
    this.#keyBytes = needed;
    return at;
  }

  #grow(): void {
    const before = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Int32Array((this.#mask + 1) * SLOT_WORDS);
    const entries = new Int32Array((this.#mask + 1) * ENTRY_WORDS);
    entries.set(this.#entries);
    this.#entries = entries;
    for (let at = 0; at < before.length; at += SLOT_WORDS) {
      const number = before[at + 1]!;
      if (number !== 0) this.#place(before[at]!, number);
    }
  }
}

// Both go four bytes a step, whatever their alignment: that is what a DataView is here for.
function equalRanges(
  a: DataView,
  aStart: number,
  b: DataView,
  bStart: number,
  length: number,
): boolean {
  let i = 0;
  for (const last = length - 4; i <= last; i += 4) {
    if (a.getInt32(aStart + i, true) !== b.getInt32(bStart + i, true)) return false;
  }
  for (; i < length; i++) if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
  return true;
}

function hashRange(bytes: DataView, start: number, end: number, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  let i = start;
  for (const last = end - 4; i <= last; i += 4) {
    hash = Math.imul(hash ^ bytes.getInt32(i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ bytes.getUint8(i), 0x01000193);
  hash = Math.imul(hash ^ (end - start), 0x85ebca6b);
  return hash ^ hash >>> 13;
}
