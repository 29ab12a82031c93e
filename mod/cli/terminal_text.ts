// Controls move the cursor, set titles and colours; bidirectional overrides show text as what it is not.
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Text from anywhere as it may be shown on a terminal: on one line, with no control characters. */
export function terminalText(text: string): string {
  return text.replaceAll(UNSAFE, (c) => SHORT[c] ?? escaped(c));
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
