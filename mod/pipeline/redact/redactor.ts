import { decodeUtf8, encodeUtf8 } from "../../columns/utf8_text.ts";
import { REDACTED } from "../../log/secrets.ts";
import type { RedactionRule } from "./redaction_rule.ts";
import { isHarmless, isSecretName } from "./secret_names.ts";
import { TextFinder } from "./text_finder.ts";

/** One bit each in a 32-bit number, the sign left out. */
export const MAX_RULES = 31;
/** Names of attributes whose answer is remembered. */
const MAX_REMEMBERED_NAMES = 10_000;

/** Texts changed so far, by rule; `attribute_name` are those whose name was enough. */
export type RedactionCounts = Readonly<Record<string, number>>;

export interface RedactorOptions {
  readonly rules: readonly RedactionRule[];
  /** Whether the value of an attribute goes because of its name, and of which names besides. */
  readonly secretNames: boolean;
  /** Lower case. */
  readonly furtherNames: readonly string[];
  /** Attributes that no rule touches; lower case. */
  readonly keptNames: readonly string[];
}

const BY_NAME = "attribute_name";

/**
 * Takes secrets out of texts. Whole columns are looked at in their bytes, for literals without
 * which no rule applies; only texts with one in them are decoded and given to those rules.
 */
export class Redactor {
  readonly #options: RedactorOptions;
  readonly #finder: TextFinder;
  readonly #counts: Record<string, number>;
  readonly #names = new Map<string, NameKind>();

  constructor(options: RedactorOptions) {
    const { rules } = options;
    if (rules.length > MAX_RULES) throw new RangeError(`more than ${MAX_RULES} rules`);
    this.#options = options;
    this.#finder = new TextFinder(rules);
    this.#counts = Object.fromEntries(
      [...rules.map(({ name }) => name), BY_NAME].map((n) => [n, 0]),
    );
  }

  get counts(): RedactionCounts {
    return { ...this.#counts };
  }

  /** What the name of an attribute says about its value. */
  nameKind(name: string): NameKind {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const kind = this.#judgeName(name);
    if (this.#names.size >= MAX_REMEMBERED_NAMES) this.#names.clear();
    this.#names.set(name, kind);
    return kind;
  }

  #judgeName(name: string): NameKind {
    const { secretNames, furtherNames, keptNames } = this.#options;
    const lower = name.toLowerCase();
    if (keptNames.includes(lower)) return "kept";
    return furtherNames.includes(lower) || secretNames && isSecretName(name) ? "secret" : "plain";
  }

  /**
   * Calls `changed` for each text of a column that has secrets in it, in order, with what is to
   * stand there. `offsets` as in `Utf8Column`. `nameOf` says under which name a text stands;
   * null where texts have none.
   */
  scan(
    bytes: Uint8Array,
    offsets: Int32Array,
    nameOf: ((row: number) => string) | null,
    changed: (row: number, text: string) => void,
  ): void {
    this.#finder.find(bytes, offsets, (row, bits) => {
      if (nameOf !== null && this.nameKind(nameOf(row)) === "kept") return;
      const text = decodeUtf8(bytes, offsets[row]!, offsets[row + 1]!);
      const redacted = this.#apply(text, bits);
      if (redacted !== text) changed(row, redacted);
    });
  }

  /** One text without secrets; the same text when there are none. */
  text(text: string): string {
    const bytes = encodeUtf8(text);
    let out = text;
    this.scan(bytes, Int32Array.of(0, bytes.length), null, (_, redacted) => out = redacted);
    return out;
  }

  /** The value of an attribute without secrets; the same value when there are none. */
  value(name: string, value: string): string {
    const kind = this.nameKind(name);
    if (kind === "kept") return value;
    return kind === "secret" ? this.secretValue(name, value) : this.text(value);
  }

  /** What stands for the value of an attribute whose name is a secret's; counted when it differs. */
  secretValue(name: string, value: string): string {
    if (isHarmless(name, value)) return value;
    this.#counts[BY_NAME]!++;
    return REDACTED;
  }

  #apply(text: string, bits: number): string {
    let out = text;
    for (let i = 0, rest = bits; rest !== 0; i++, rest >>>= 1) {
      if ((rest & 1) === 0) continue;
      const { name, redact } = this.#options.rules[i]!;
      const redacted = redact(out);
      if (redacted === out) continue;
      this.#counts[name]!++;
      out = redacted;
    }
    return out;
  }
}

/** `secret`: the value goes as a whole. `kept`: it stays, whatever is in it. */
export type NameKind = "secret" | "kept" | "plain";
