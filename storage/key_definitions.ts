import type { DataDir } from "./data_dir.ts";
import type { Engine } from "./engine.ts";
import { hasAttributeKeys, type KeyUsage } from "./key_usage.ts";
import { definitionFrames } from "./recovery.ts";
import { DEFINITION_TABLES } from "./schema.ts";

const INCOMING = "incoming_keys";
/** The table is written anew once so many keys were freed: a freed one, and one that takes its place, each leave a row behind. */
const MOST_FREED = 32_000;

/**
 * The table of attribute keys, in which a number that was given again has the place of the one before: keys are
 * found by their position.
 */
export class KeyDefinitions {
  readonly #engine: Engine;
  readonly #disk: DataDir | null;
  readonly #usage: KeyUsage;
  /** Freed, and not told yet. */
  #freed: number[] = [];
  /** Since the table was last written anew. */
  #freedKeys = 0;

  constructor(engine: Engine, disk: DataDir | null, usage: KeyUsage) {
    this.#engine = engine;
    this.#disk = disk;
    this.#usage = usage;
  }

  /** Takes definitions in, within a transaction; those that were there under the same numbers go. */
  insert(ipc: Uint8Array): void {
    const engine = this.#engine;
    engine.run(`CREATE TABLE ${INCOMING} (${DEFINITION_TABLES.attribute_keys})`);
    engine.insert(INCOMING, ipc);
    engine.run(`DELETE FROM attribute_keys WHERE key_id IN (SELECT key_id FROM ${INCOMING})`);
    engine.run(`INSERT INTO attribute_keys SELECT * FROM ${INCOMING}`);
    engine.run(`DROP TABLE ${INCOMING}`);
  }

  /**
   * Frees the forgotten numbers that nothing refers to any more. With a data directory only once their old
   * definitions are gone from there: a start must not find rows of the new key under the old name. What a
   * file refers to that was left on disk is not known: as long as there is one, nothing is freed.
   */
  freeUnused(): void {
    const disk = this.#disk;
    if (disk !== null) {
      if (!disk.definitionsWritten) return;
      if (disk.left.some(({ signal }) => hasAttributeKeys(signal))) return;
    }
    const unused = this.#usage.unused();
    if (unused.length === 0) return;
    const engine = this.#engine;
    engine.run(`UPDATE attribute_keys SET key = '' WHERE key_id IN (${unused.join(", ")})`);
    disk?.rewriteDefinitions(definitionFrames(engine));
    if (disk !== null && !disk.definitionsWritten) return;
    this.#freedKeys += unused.length;
    if (this.#freedKeys >= MOST_FREED) {
      engine.rewrite("attribute_keys");
      this.#freedKeys = 0;
    }
    this.#usage.freed(unused);
    for (const id of unused) this.#freed.push(id);
  }

  /** The numbers that may be given again, each once. */
  takeFreed(): number[] {
    const freed = this.#freed;
    this.#freed = [];
    return freed;
  }
}
