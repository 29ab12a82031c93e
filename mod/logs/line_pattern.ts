/** A line longer than this is not matched, so that matching has an end; UTF-16 units. */
export const MAX_MATCHED_LENGTH = 16_384;
/** Repetitions without a bound that what follows may take from; a second makes time a square. */
const MAX_LOOSE_REPETITIONS = 1;
/** Ways in which bounded repetitions and alternatives may share out a text. */
const MAX_WAYS = 256;

/**
 * Why an operator's regular expression may not run on lines that anybody may write; null when it may.
 *
 * The engine goes back and tries again. So patterns are matched at the start of a line only, lines
 * are bounded (`MAX_MATCHED_LENGTH`), and a pattern must not leave it much to try: no repetition
 * within a repetition, and of the repetitions without a bound only one may match what could also
 * belong to what follows it. The last of a pattern is free: nothing follows it.
 */
export function linePatternProblem(pattern: string): string | null {
  try {
    new RegExp(pattern, "u");
  } catch {
    return "is not a regular expression";
  }
  try {
    new PatternReader(pattern).check();
    return null;
  } catch (error) {
    if (error instanceof SlowPattern) return error.message;
    throw error;
  }
}

/**
 * A pattern that `linePatternProblem` has nothing against, ready to run on one line.
 * @throws TypeError for any other
 */
export class LinePattern {
  readonly #pattern: RegExp;

  constructor(pattern: string) {
    const problem = linePatternProblem(pattern);
    if (problem !== null) throw new TypeError(`the pattern ${pattern} ${problem}`);
    this.#pattern = new RegExp(pattern, "uy");
  }

  /** The match at the start of a line; null when there is none, or the line is too long. */
  match(line: string): RegExpExecArray | null {
    if (line.length > MAX_MATCHED_LENGTH) return null;
    this.#pattern.lastIndex = 0;
    return this.#pattern.exec(line);
  }

  /** Whether the start of a line, however long it is, matches. */
  starts(line: string): boolean {
    return this.match(line.length > 1_024 ? line.slice(0, 1_024) : line) !== null;
  }
}

class SlowPattern extends Error {}

const TOO_LOOSE =
  "may take very long on some lines: more than one repetition can match what follows it as well " +
  "(write [^ ]+ or \\S+ before a space, not .*)";

/** Which of the sample characters something can match. */
type Characters = readonly boolean[];

/** A repetition whose end is not fixed yet. */
interface Open {
  readonly characters: Characters;
  /** How many lengths it may have; Infinity without a bound. */
  readonly ways: number;
}

interface Part {
  readonly characters: Characters;
  /** May match nothing. */
  readonly optional: boolean;
  /** Has a repetition or alternatives in it. */
  readonly varies: boolean;
  readonly open: readonly Open[];
}

const SAMPLES = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  // One for all that is not ASCII.
  "\u{4E2D}",
];
const NOTHING: Part = {
  characters: SAMPLES.map(() => false),
  optional: true,
  varies: false,
  open: [],
};
const QUANTIFIER = /([*+?])\??|\{(\d+)(?:(,)(\d*))?\}\??/uy;
/** One character, escape or class of a pattern with the flag `u`. */
const SINGLE =
  /\[(?:\\.|[^\]\\])*\]|\\(?:u\{[^}]*\}|u[^{]{4}|x..|c.|[pP]\{[^}]*\}|k<[^>]*>|.)|./suy;
const OPENING = /\((?:\?(?::|<?[=!]|<[^>]*>))?/uy;

/** Reads a pattern that is known to be a regular expression. */
class PatternReader {
  readonly #pattern: string;
  #at = 0;
  #loose = 0;
  #ways = 1;
  /** Repetitions without a bound that follow a loose one: together they take the square. */
  readonly #followers: Open[] = [];

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  check(): void {
    const { open } = this.#alternatives();
    // What is still open at the end matches at the first try: nothing makes it try again.
    if (this.#followers.some((one) => !open.includes(one))) throw new SlowPattern(TOO_LOOSE);
  }

  #alternatives(): Part {
    const parts = [this.#sequence()];
    while (this.#pattern[this.#at] === "|") {
      this.#at++;
      parts.push(this.#sequence());
    }
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only;
    this.#count(parts.length);
    return {
      characters: union(parts),
      optional: parts.some(({ optional }) => optional),
      varies: true,
      open: parts.flatMap(({ open }) => open),
    };
  }

  #sequence(): Part {
    const parts: Part[] = [];
    let open: readonly Open[] = [];
    while (this.#at < this.#pattern.length && !"|)".includes(this.#pattern[this.#at]!)) {
      const part = this.#quantified();
      const still: Open[] = [];
      for (const one of open) {
        if (overlap(one.characters, part.characters)) {
          this.#count(one.ways);
          if (one.ways === Infinity) {
            this.#followers.push(...part.open.filter(({ ways }) => ways === Infinity));
          }
        } else if (part.optional) still.push(one);
      }
      open = [...still, ...part.open];
      parts.push(part);
    }
    return {
      characters: union(parts),
      optional: parts.every(({ optional }) => optional),
      varies: parts.some(({ varies }) => varies),
      open,
    };
  }

  #count(ways: number): void {
    if (ways === Infinity) this.#loose++;
    else this.#ways *= ways;
    if (this.#loose > MAX_LOOSE_REPETITIONS || this.#ways > MAX_WAYS) {
      throw new SlowPattern(TOO_LOOSE);
    }
  }

  #quantified(): Part {
    const part = this.#atom();
    const [min, max] = this.#quantifier();
    if (max > 1 && part.varies) {
      throw new SlowPattern(
        "may take very long on some lines: it has a repetition, or alternatives, in a repetition",
      );
    }
    if (min === max) return part;
    return {
      characters: part.characters,
      optional: part.optional || min === 0,
      varies: true,
      open: [...part.open, { characters: part.characters, ways: max - min + 1 }],
    };
  }

  #quantifier(): readonly [min: number, max: number] {
    const match = this.#read(QUANTIFIER);
    if (match === null) return [1, 1];
    const [, sign, min, comma, max] = match;
    if (sign === "?") return [0, 1];
    if (sign !== undefined) return [sign === "*" ? 0 : 1, Infinity];
    if (comma === undefined) return [Number(min), Number(min)];
    return [Number(min), max === "" ? Infinity : Number(max)];
  }

  #atom(): Part {
    const char = this.#pattern[this.#at];
    if (char === "(") return this.#group();
    if (char === "^" || char === "$") {
      this.#at++;
      return NOTHING;
    }
    const source = this.#read(SINGLE)?.[0] ?? "";
    if (source === "\\b" || source === "\\B") return NOTHING;
    if (/^\\(?:[1-9]|k)/.test(source)) throw new SlowPattern("refers back to a group");
    const one = new RegExp(`^${source}$`, "su");
    return {
      characters: SAMPLES.map((sample) => one.test(sample)),
      optional: false,
      varies: false,
      open: [],
    };
  }

  #group(): Part {
    const opening = this.#read(OPENING)?.[0] ?? "";
    if (/^\(\?<?[=!]$/.test(opening)) throw new SlowPattern("looks ahead or behind");
    const inner = this.#alternatives();
    this.#at++;
    return inner;
  }

  #read(what: RegExp): RegExpExecArray | null {
    what.lastIndex = this.#at;
    const match = what.exec(this.#pattern);
    if (match !== null) this.#at += match[0].length;
    return match;
  }
}

function union(parts: readonly Part[]): Characters {
  return SAMPLES.map((_, i) => parts.some(({ characters }) => characters[i]));
}

function overlap(a: Characters, b: Characters): boolean {
  return a.some((has, i) => has && b[i]);
}
