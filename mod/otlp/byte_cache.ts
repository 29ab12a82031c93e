/** Slots looked at for one key; with every slot taken the first is overwritten. */
const MAX_PROBES = 16;
const FIRST_SLOTS = 1024;

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
  /** Per slot: hash, seed, start and length of the key in `#keys`, value. Length -1 is free. */
  #hashes = new Int32Array(FIRST_SLOTS);
  #seeds = new Uint32Array(FIRST_SLOTS);
  #starts = new Int32Array(FIRST_SLOTS);
  #lengths = new Int32Array(FIRST_SLOTS).fill(-1);
  #values = new Uint32Array(FIRST_SLOTS);
  #keys = new Uint8Array(FIRST_SLOTS * 16);
  #keyBytes = 0;
  #entries = 0;

  constructor(limits: ByteCacheLimits, salt: number) {
    this.#limits = limits;
    this.#salt = salt;
  }

  get size(): number {
    return this.#entries;
  }

  /** The number of bytes[start, end) under `seed` (unsigned 32 bits), or -1. */
  find(bytes: Uint8Array, start: number, end: number, seed: number): number {
    const hash = hashRange(bytes, start, end, seed ^ this.#salt);
    const length = end - start;
    let slot = hash & this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const held = this.#lengths[slot]!;
      if (held === -1) return -1;
      if (
        held === length && this.#hashes[slot] === hash && this.#seeds[slot] === seed &&
        this.#equals(this.#starts[slot]!, bytes, start, length)
      ) return this.#values[slot]!;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  /** Remembers a number (unsigned 32 bits) after `find` missed it. */
  add(bytes: Uint8Array, start: number, end: number, seed: number, value: number): void {
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
    this.#allocateSlots();
    this.#keys = new Uint8Array(FIRST_SLOTS * 16);
    this.#keyBytes = 0;
  }

  #place(hash: number, seed: number, at: number, length: number, value: number): void {
    const home = hash & this.#mask;
    let slot = home;
    for (let probe = 0; probe < MAX_PROBES && this.#lengths[slot] !== -1; probe++) {
      slot = (slot + 1) & this.#mask;
    }
    if (this.#lengths[slot] === -1) this.#entries++;
    else slot = home;
    this.#hashes[slot] = hash;
    this.#seeds[slot] = seed;
    this.#starts[slot] = at;
    this.#lengths[slot] = length;
    this.#values[slot] = value;
  }

  #equals(at: number, bytes: Uint8Array, start: number, length: number): boolean {
    const keys = this.#keys;
    for (let i = 0; i < length; i++) if (keys[at + i] !== bytes[start + i]) return false;
    return true;
  }

  #appendKey(bytes: Uint8Array, start: number, end: number): number {
    const at = this.#keyBytes;
    const needed = at + end - start;
    if (needed > this.#keys.length) {
      const larger = new Uint8Array(Math.max(needed, this.#keys.length * 2));
      larger.set(this.#keys.subarray(0, at));
      this.#keys = larger;
    }
    this.#keys.set(bytes.subarray(start, end), at);
    this.#keyBytes = needed;
    return at;
  }

  #allocateSlots(): void {
    const slots = this.#mask + 1;
    this.#hashes = new Int32Array(slots);
    this.#seeds = new Uint32Array(slots);
    this.#starts = new Int32Array(slots);
    this.#lengths = new Int32Array(slots).fill(-1);
    this.#values = new Uint32Array(slots);
    this.#entries = 0;
  }

  #grow(): void {
    const [hashes, seeds, starts] = [this.#hashes, this.#seeds, this.#starts];
    const [lengths, values] = [this.#lengths, this.#values];
    this.#mask = this.#mask * 2 + 1;
    this.#allocateSlots();
    for (let i = 0; i < lengths.length; i++) {
      if (lengths[i] === -1) continue;
      this.#place(hashes[i]!, seeds[i]!, starts[i]!, lengths[i]!, values[i]!);
    }
  }
}

// Four bytes a step: the multiplication is what takes time.
function hashRange(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  let i = start;
  for (const last = end - 4; i <= last; i += 4) {
    const word = bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24;
    hash = Math.imul(hash ^ word, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (end - start), 0x85ebca6b);
  return hash ^ hash >>> 13;
}
