/** Slots looked at for one key; with every slot taken the first is overwritten. */
const MAX_PROBES = 16;
const FIRST_SLOTS = 1024;
/** Words of a slot: hash, seed, start and length of its key, value. All in one cache line. */
const SLOT_WORDS = 8;
const HASH = 0;
const SEED = 1;
const START = 2;
/** -1 where the slot is free. */
const LENGTH = 3;
const VALUE = 4;

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
 * `salt` should be random, so that nobody can craft keys that collide.
 */
export class ByteCache {
  readonly #limits: ByteCacheLimits;
  readonly #salt: number;
  #mask = FIRST_SLOTS - 1;
  #slots = freeSlots(FIRST_SLOTS);
  #keys = new DataView(new ArrayBuffer(FIRST_SLOTS * 16));
  #keyBytes = 0;
  #entries = 0;

  constructor(limits: ByteCacheLimits, salt: number) {
    this.#limits = limits;
    this.#salt = salt;
  }

  get size(): number {
    return this.#entries;
  }

  /** The number of bytes [start, end) under `seed` (unsigned 32 bits), or -1. */
  find(bytes: DataView, start: number, end: number, seed: number): number {
    const hash = hashRange(bytes, start, end, seed ^ this.#salt);
    const length = end - start;
    const slots = this.#slots;
    let slot = hash & this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const at = slot * SLOT_WORDS;
      const held = slots[at + LENGTH]!;
      if (held === -1) return -1;
      if (
        held === length && slots[at + HASH] === hash && slots[at + SEED] === (seed | 0) &&
        equalRanges(this.#keys, slots[at + START]!, bytes, start, length)
      ) return slots[at + VALUE]! >>> 0;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  /** Remembers a number (unsigned 32 bits) after `find` missed it. */
  add(bytes: DataView, start: number, end: number, seed: number, value: number): void {
    const length = end - start;
    if (length > this.#limits.maxBytes) return;
    const full = this.#entries >= this.#limits.maxEntries ||
      this.#keyBytes + length > this.#limits.maxBytes;
    if (full) this.clear();
    if ((this.#entries + 1) * 2 > this.#mask) this.#grow();
    const at = this.#appendKey(bytes, start, end);
    const hash = hashRange(bytes, start, end, seed ^ this.#salt);
    this.#place(hash, seed, at, length, value);
  }

  clear(): void {
    this.#mask = FIRST_SLOTS - 1;
    this.#slots = freeSlots(FIRST_SLOTS);
    this.#keys = new DataView(new ArrayBuffer(FIRST_SLOTS * 16));
    this.#keyBytes = 0;
    this.#entries = 0;
  }

  #place(hash: number, seed: number, start: number, length: number, value: number): void {
    const slots = this.#slots;
    const home = hash & this.#mask;
    let slot = home;
    let probe = 0;
    while (probe < MAX_PROBES && slots[slot * SLOT_WORDS + LENGTH] !== -1) {
      slot = (slot + 1) & this.#mask;
      probe++;
    }
    if (probe === MAX_PROBES) slot = home;
    else this.#entries++;
    const at = slot * SLOT_WORDS;
    slots[at + HASH] = hash;
    slots[at + SEED] = seed;
    slots[at + START] = start;
    slots[at + LENGTH] = length;
    slots[at + VALUE] = value;
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
    this.#slots = freeSlots(this.#mask + 1);
    this.#entries = 0;
    for (let at = 0; at < before.length; at += SLOT_WORDS) {
      const length = before[at + LENGTH]!;
      if (length === -1) continue;
      const [hash, seed] = [before[at + HASH]!, before[at + SEED]!];
      this.#place(hash, seed, before[at + START]!, length, before[at + VALUE]!);
    }
  }
}

function freeSlots(slots: number): Int32Array {
  return new Int32Array(slots * SLOT_WORDS).fill(-1);
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
