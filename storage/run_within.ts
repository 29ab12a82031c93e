import vm from "node:vm";

/** The name under which the work of a run is found; a script sees globals only. */
const WORK = "horizonBoundedWork";
const SCRIPT = new vm.Script(`globalThis.${WORK}()`);
/** How node:vm names the end of a script's time. */
const TIMED_OUT = "ERR_SCRIPT_EXECUTION_TIMEOUT";

/** Work that was cut off in the middle. What it worked on must not be used any more. */
export class CutOff extends Error {
  override readonly name = "CutOff";
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`it held the store for more than ${Math.round(limitMs / 1000)} s`);
    this.limitMs = limitMs;
  }
}

/**
 * Runs synchronous work and cuts it off after `limitMs`, wherever it is: also in WebAssembly, and
 * without running its `catch` or `finally` blocks. Nothing else ends such work in this runtime:
 * `Worker.terminate` waits for it. May be nested. Costs about 10 µs.
 * @throws CutOff; what `work` throws
 */
export function runWithin<T>(limitMs: number, work: () => T): T {
  const done: T[] = [];
  Reflect.set(globalThis, WORK, () => void done.push(work()));
  try {
    SCRIPT.runInThisContext({ timeout: Math.max(1, Math.ceil(limitMs)) });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === TIMED_OUT) {
      throw new CutOff(limitMs);
    }
    throw error;
  }
  const [result] = done;
  return result as T;
}
