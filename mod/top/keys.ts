/** A key as it was pressed: a character, or one of these names. */
export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "named"; readonly name: KeyName };

export type KeyName =
  | "up"
  | "down"
  | "page_up"
  | "page_down"
  | "home"
  | "end"
  | "enter"
  | "escape"
  | "backspace"
  | "interrupt";

/** What terminals send behind ESC (ECMA-48, xterm). */
const SEQUENCES: Readonly<Record<string, KeyName>> = {
  "[A": "up",
  "[B": "down",
  "OA": "up",
  "OB": "down",
  "[5~": "page_up",
  "[6~": "page_down",
  "[H": "home",
  "[1~": "home",
  "OH": "home",
  "[F": "end",
  "[4~": "end",
  "OF": "end",
};

const CONTROLS: Readonly<Record<string, KeyName>> = {
  "\r": "enter",
  "\n": "enter",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x03": "interrupt",
  "\x02": "page_up",
  "\x06": "page_down",
};

/**
 * The keys in what one read of a terminal in raw mode gave. A terminal writes an escape sequence
 * in one piece, so that an ESC at the end of a read is the key itself.
 */
export function readKeys(text: string): Key[] {
  const keys: Key[] = [];
  for (let rest = text; rest !== "";) {
    // An escape sequence: CSI with parameters, or SS3 and a letter.
    // deno-lint-ignore no-control-regex -- ESC is what sequences begin with
    const sequence = /^\x1b(\[[0-9;]*[A-Za-z~]|O[A-Za-z])/.exec(rest);
    if (sequence !== null) {
      const name = SEQUENCES[sequence[1] ?? ""];
      if (name !== undefined) keys.push({ kind: "named", name });
      rest = rest.slice(sequence[0].length);
      continue;
    }
    const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    rest = rest.slice(character.length);
    const name = character === "\x1b" ? "escape" : CONTROLS[character];
    if (name !== undefined) keys.push({ kind: "named", name });
    else if (character >= " ") keys.push({ kind: "text", text: character });
  }
  return keys;
}
