import { assetUrl, STORE_WORKER } from "../mod/assets.ts";

/** Starts a thread for a store. It loads the engine at once, and opens the store when it is asked to. */
export function spawnStoreThread(): Worker {
  return new Worker(assetUrl(STORE_WORKER), { type: "module", name: "store" });
}

/**
 * Starts a thread before it is known what it is to hold: it takes longer to be ready than anything else
 * in a start.
 *
 * @returns what gives that thread away when first called, and starts another at each further call
 */
export function startStoreThreadAhead(): () => Worker {
  let ahead: Worker | null = spawnStoreThread();
  return () => {
    const thread = ahead ?? spawnStoreThread();
    ahead = null;
    return thread;
  };
}
