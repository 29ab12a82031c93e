/** Most characters that one repetition may match. */
export const MAX_REPEAT = 1_024;
/** Ways in which repetitions may share out a text between them, per place where a match may begin. */
const MAX_WAYS = MAX_REPEAT + 1;

/**
 * Why a regular expression of an operator's may not run on text from anywhere; null when it may.
 *
 * JavaScript's engine goes back and tries again: nested or adjoining repetitions can take it longer
 * than anybody lives, and one without an end takes time with the square of the text's length. So
 * every repetition must have an end, none may be within another (but with a fixed count), and
 * those that can match the same characters side by side are bounded together. Then the time is
 * linear in the text.
 */
export function patternProblem(pattern: string): string | null {
  try {
    new RegExp(pattern, "u");
  } catch (error) {
    return `is not a regular expression (${error instanceof Error ? error.message : error})`;
  }
  if (new RegExp(pattern, "u").test("")) return "matches the empty text";
  try {
    new PatternCheck(pattern).check();
    return null;
  } catch (error) {
    if (error instanceof UnsafePattern) return error.message;
    throw error;
  }
}

class UnsafePattern extends Error {}

/** What a part of a pattern can match, as far as is needed. */
interface Part {
  /** Which of the first 128 characters it may have in it; the last entry stands for all others. */
  readonly characters: readonly boolean[];
  /** In how many ways it can match; more than 1 when its length is not fixed. */
  readonly ways: number;
  /** Can match nothing. */
  readonly optional: boolean;
}

/** One sample of what is not ASCII, for classes. */
const BEYOND = "\u{4E2D}";
const SAMPLES = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  BEYOND,
];
const NOTHING: Part = { characters: SAMPLES.map(() => false), ways: 1, optional: true };

/** Reads a pattern that is known to be a regular expression with the `u` flag. */
class PatternCheck {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  check(): void {
    this.#alternatives();
  }

  #alternatives(): Part {
    const parts = [this.#sequence()];
    while (this.#pattern[this.#at] === "|") {
      this.#at++;
      parts.push(this.#sequence());
    }
    return {
      characters: union(parts),
      // Alternatives may match the same text, each in its own way.
      ways: parts.reduce((sum, { ways }) => sum + ways, 0),
      optional: parts.some(({ optional }) => optional),
    };
  }

  // Neighbours that can match the same characters multiply their ways, until something between
  // them cannot: it fixes where the first ends.
  #sequence(): Part {
    const parts: Part[] = [];
    let open: Part[] = [];
    let most = 1;
    while (this.#at < this.#pattern.length && !"|)".includes(this.#pattern[this.#at]!)) {
      const part = this.#quantified();
      parts.push(part);
      const touched = open.filter((one) => overlap(one, part));
      const apart = part.optional ? open.filter((one) => !touched.includes(one)) : [];
      const ways = touched.reduce((product, one) => product * one.ways, part.ways);
      open = ways === 1 ? apart : [...apart, {
        characters: union([...touched, part]),
        ways,
        optional: false,
      }];
      most = Math.max(most, ways);
      if (most > MAX_WAYS) {
        throw new UnsafePattern(
          "has repetitions side by side that can match the same characters in too many ways",
        );
      }
    }
    return {
      characters: union(parts),
      ways: most,
      optional: parts.every(({ optional }) => optional),
    };
  }

  #quantified(): Part {
    const part = this.#atom();
    const [min, max] = this.#quantifier();
    if (max === Infinity) {
      throw new UnsafePattern(
        "has a repetition without an end; write {0,200} for *, {1,200} for +",
      );
    }
    if (max > MAX_REPEAT) {
      throw new UnsafePattern(`has a repetition of more than ${MAX_REPEAT}`);
    }
    if (part.ways > 1 && max > min && max > 1) {
      throw new UnsafePattern("has a repetition, or alternatives, within a repetition");
    }
    return {
      characters: part.characters,
      ways: part.ways ** (min === max ? max : 1) * (max - min + 1),
      optional: part.optional || min === 0,
    };
  }

  #quantifier(): [min: number, max: number] {
    const match = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#pattern.slice(this.#at));
    if (match === null) return [1, 1];
    this.#at += match[0].length;
    const [, sign, min, comma, max] = match;
    if (sign === "?") return [0, 1];
    if (sign !== undefined) return [sign === "*" ? 0 : 1, Infinity];
    if (comma === "") return [Number(min), Number(min)];
    return [Number(min), max === "" ? Infinity : Number(max)];
  }

  #atom(): Part {
    const char = this.#pattern[this.#at];
    if (char === "(") return this.#group();
    if (char === "^" || char === "$") {
      this.#at++;
      return NOTHING;
    }
    const source = this.#single();
    if (/^\\[bB]$/.test(source)) return NOTHING;
    if (/^\\(?:[1-9]|k)/.test(source)) throw new UnsafePattern("refers back to a group");
    const one = new RegExp(`^(?:${source})$`, "u");
    const beyond = /[^\0-\x7f]|\\[pPu]/u.test(source);
    return {
      characters: SAMPLES.map((sample) => beyond && sample === BEYOND || one.test(sample)),
      ways: 1,
      optional: false,
    };
  }

  #group(): Part {
    const opening = /^\((?:\?(?::|<?[=!]|<[^>]*>))?/.exec(this.#pattern.slice(this.#at))![0];
    this.#at += opening.length;
    const inner = this.#alternatives();
    this.#at++;
    // What looks around matches nothing itself.
    return /^\(\?<?[=!]$/.test(opening) ? { ...NOTHING, ways: inner.ways } : inner;
  }

  /** The source of one character, escape or class. */
  #single(): string {
    const rest = this.#pattern.slice(this.#at);
    const source =
      /^(?:\[(?:\\.|[^\]\\])*\]|\\(?:u\{[^}]*\}|u.{4}|x..|c.|[pP]\{[^}]*\}|k<[^>]*>|.)|.)/su
        .exec(rest)![0];
    this.#at += source.length;
    return source;
  }
}

function union(parts: readonly Part[]): boolean[] {
  return SAMPLES.map((_, i) => parts.some(({ characters }) => characters[i]));
}

function overlap(a: Part, b: Part): boolean {
  return a.characters.some((has, i) => has && b.characters[i]);
}
