// @ts-check
/** Keyboard shortcuts of one key or of two in a row, such as `g o`. */

/** A second key counts when it follows within this time. */
const SEQUENCE_MS = 1500;

/**
 * @typedef {object} KeyPress
 * @property {string} key as `KeyboardEvent.key`
 * @property {boolean} modified whether Ctrl, Alt or Meta is held
 * @property {boolean} typing whether the focus is where text is written
 * @property {number} timeMs
 */

/** Owns what was pressed before. */
export class KeySequences {
  #sequences;
  #prefix = "";
  #prefixMs = 0;

  /** @param {readonly string[]} sequences such as `["?", "g o"]` */
  constructor(sequences) {
    this.#sequences = new Set(sequences);
  }

  /**
   * @param {KeyPress} press
   * @returns {string | null} the sequence that this press completes
   */
  press({ key, modified, typing, timeMs }) {
    const prefix = timeMs - this.#prefixMs <= SEQUENCE_MS ? this.#prefix : "";
    this.#prefix = "";
    if (modified || typing) return null;
    const sequence = prefix === "" ? key : `${prefix} ${key}`;
    if (this.#sequences.has(sequence)) return sequence;
    if ([...this.#sequences].some((candidate) => candidate.startsWith(`${key} `))) {
      this.#prefix = key;
      this.#prefixMs = timeMs;
      return null;
    }
    return this.#sequences.has(key) ? key : null;
  }
}
