/** When a process that comes back is a restart, and restarts are a loop. Milliseconds. */
export interface RestartPolicy {
  /** A start so soon after an exit of the same is a restart. */
  readonly windowMs: number;
  /** So many restarts in a row, none of which lived for `stableMs`, are a loop. */
  readonly loopCount: number;
  /** What lives for so long has recovered. */
  readonly stableMs: number;
}

/** What a start was, besides a start. */
export interface Restart {
  /** Between the exit and this start, milliseconds. */
  readonly downMs: number;
  /** Restarts in a row of which none lived for `stableMs`, this one included. */
  readonly inARow: number;
  /** True when this one makes a loop of them; told once a loop. */
  readonly loopBegins: boolean;
  /** True when each pause was longer than the one before: somebody backs off. */
  readonly backingOff: boolean;
}

/** Programs remembered; past it those that were heard of longest ago are forgotten. */
const MAX_TRACKED = 1_024;
/** Exits of one program that wait for their restarts; more are a pool of workers, not a loop. */
const MAX_OPEN_EXITS = 64;
/** Pauses that are compared. */
const PAUSES = 4;

interface Track {
  /** When exits were that no start followed yet; oldest first. */
  exitsMs: number[];
  inARow: number;
  looping: boolean;
  pausesMs: number[];
  lastHeardMs: number;
  lastStartMs: number | null;
}

/** Follows starts and exits of programs, each named by a key of the caller. Time comes from him. */
export class RestartTracker {
  readonly #policy: RestartPolicy;
  readonly #tracks = new Map<string, Track>();

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  exited(key: string, atMs: number, livedMs: number): void {
    const track = this.#track(key, atMs);
    if (livedMs >= this.#policy.stableMs) this.#recover(track);
    track.exitsMs.push(atMs);
    if (track.exitsMs.length > MAX_OPEN_EXITS) track.exitsMs.shift();
  }

  /** Null when it was a start like any other. */
  started(key: string, atMs: number): Restart | null {
    const known = this.#tracks.get(key);
    if (known === undefined) return null;
    const { windowMs, loopCount } = this.#policy;
    known.exitsMs = known.exitsMs.filter((exitMs) => atMs - exitMs <= windowMs);
    const exitMs = known.exitsMs.shift();
    if (exitMs === undefined) return null;
    const track = this.#track(key, atMs);
    track.inARow++;
    track.lastStartMs = atMs;
    const downMs = Math.max(0, atMs - exitMs);
    track.pausesMs = [...track.pausesMs, downMs].slice(-PAUSES);
    const loopBegins = !track.looping && track.inARow >= loopCount;
    track.looping ||= loopBegins;
    const { pausesMs } = track;
    const backingOff = pausesMs.length >= 3 &&
      pausesMs.every((pause, i) => i === 0 || pause > pausesMs[i - 1]! * 1.2);
    return { downMs, inARow: track.inARow, loopBegins, backingOff };
  }

  /** Keys of loops that have ended by now, because what was started last has lived long enough. */
  recovered(nowMs: number): string[] {
    const ended: string[] = [];
    for (const [key, track] of this.#tracks) {
      if (!track.looping || track.lastStartMs === null || track.exitsMs.length > 0) continue;
      if (nowMs - track.lastStartMs < this.#policy.stableMs) continue;
      this.#recover(track);
      ended.push(key);
    }
    return ended;
  }

  /** Restarts in a row of a program so far; 0 for one that is not restarting. */
  inARow(key: string): number {
    return this.#tracks.get(key)?.inARow ?? 0;
  }

  #recover(track: Track): void {
    track.inARow = 0;
    track.looping = false;
    track.pausesMs = [];
  }

  #track(key: string, nowMs: number): Track {
    const track: Track = this.#tracks.get(key) ?? {
      exitsMs: [],
      inARow: 0,
      looping: false,
      pausesMs: [],
      lastHeardMs: nowMs,
      lastStartMs: null,
    };
    track.lastHeardMs = nowMs;
    // Put last again: the first of the map is then the one heard of longest ago.
    this.#tracks.delete(key);
    this.#tracks.set(key, track);
    if (this.#tracks.size > MAX_TRACKED) {
      const oldest = this.#tracks.keys().next();
      if (!oldest.done) this.#tracks.delete(oldest.value);
    }
    return track;
  }
}
