/** What stands in the place of a secret. */
export const REDACTED = "***";
/** Command lines are cut here; so is what the patterns below have to look at. */
export const MAX_COMMAND_LINE_CHARS = 4096;

/** Words in a name that make its value a secret. Too many is better than too few. */
const SECRET_WORDS =
  "pass(?:wd|word|phrase)?|pwd|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|encryption[-_.]?key|" +
  "signing[-_.]?key|master[-_.]?key|license[-_.]?key|credentials?|creds?|auth|bearer|cookie|session[-_.]?(?:id|key)|" +
  "signature|salt|dsn|connection[-_.]?string|webhook";
// Quantifiers are bounded, so that the time is linear in the length whatever a process is called.
const NAME = `[\\w.-]{0,64}?(?:${SECRET_WORDS})[\\w.-]{0,64}`;
const VALUE = `"[^"]{0,4096}"|'[^']{0,4096}'|[^\\s;&|,"'})\\]]{1,4096}`;

const WHOLE_ASSIGNMENT = new RegExp(`^(-{0,2}${NAME}[=:]\\s{0,8})(.+)$`, "is");
const SECRET_FLAG = new RegExp(`^-{1,2}${NAME}$`, "i");
const INNER_ASSIGNMENT = new RegExp(`(\\b${NAME}["']?\\s{0,8}[=:]\\s{0,8})(${VALUE})`, "gi");
const INNER_FLAG = new RegExp(`(\\s-{1,2}${NAME}\\s{1,8})(${VALUE})`, "gi");
/** The name and password in a URL: the password, or what stands alone, is hidden. */
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]{1,32}:\/\/[^\s:/@?#]{0,256}:)[^\s@/]{1,1024}@/gi;
const HEADER =
  /\b(authorization|proxy-authorization|cookie|set-cookie|x-[\w-]{0,64})(\s*:\s*).+/gis;
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{8,4096}/gi;
/** Tokens that tell by their own form what they are. */
const KNOWN_TOKENS =
  /\b(?:eyJ[\w-]{8,4096}\.[\w-]{4,4096}(?:\.[\w-]{0,4096})?|gh[pousr]_\w{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,255}|xox[abeoprs]-[\w-]{8,255}|sk-[\w-]{16,255}|[sr]k_(?:live|test)_\w{16,255}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{30,64}|npm_\w{30,64})/g;
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.*/gs;

/** Programs whose short options take a password, and how they are written. */
const SHORT_OPTIONS: readonly {
  readonly program: RegExp;
  readonly attached?: RegExp;
  /** The next argument is secret as a whole, or after its colon (`user:password`). */
  readonly next?: { readonly flag: RegExp; readonly afterColon: boolean };
}[] = [
  { program: /^(?:mysql|mariadb|mysqldump|mysqladmin|mycli)/, attached: /^(-p)(.+)$/s },
  { program: /^sshpass$/, attached: /^(-p)(.+)$/s, next: { flag: /^-p$/, afterColon: false } },
  { program: /^redis-cli$/, next: { flag: /^-a$/, afterColon: false } },
  { program: /^(?:curl|wget|http|https)$/, next: { flag: /^(?:-u|--user)$/, afterColon: true } },
  { program: /^(?:ldapsearch|ldapmodify)$/, next: { flag: /^-w$/, afterColon: false } },
  { program: /^openssl$/, next: { flag: /^-(?:k|K)$/, afterColon: false } },
];

/**
 * One line for people out of the arguments of a process, with secrets replaced by `***` and cut
 * at `MAX_COMMAND_LINE_CHARS`. It errs on the side of hiding too much, yet cannot know every
 * program's ways: secrets belong in files or the environment.
 */
export function redactArguments(args: readonly string[]): string {
  const shown: string[] = [];
  const program = (args[0] ?? "").slice(0, 256).replace(/^.*\//s, "");
  const special = SHORT_OPTIONS.filter((one) => one.program.test(program));
  let room = MAX_COMMAND_LINE_CHARS;
  let hideNext: "no" | "all" | "after_colon" = "no";
  for (const [i, whole] of args.entries()) {
    if (room <= 0) break;
    const arg = whole.slice(0, room);
    let text: string;
    if (hideNext === "all" && !arg.startsWith("--")) text = REDACTED;
    else if (hideNext === "after_colon") text = arg.replace(/:.*/s, `:${REDACTED}`);
    else text = i === 0 ? redactWithin(arg) : redactOne(arg, special);
    hideNext = "no";
    if (i > 0 && SECRET_FLAG.test(arg)) hideNext = "all";
    for (const { next } of special) {
      if (next?.flag.test(arg)) hideNext = next.afterColon ? "after_colon" : "all";
    }
    shown.push(text);
    room -= text.length + 1;
  }
  // deno-lint-ignore no-control-regex -- these are what is to be kept out of terminals and pages
  return shown.join(" ").replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, MAX_COMMAND_LINE_CHARS);
}

function redactOne(arg: string, special: typeof SHORT_OPTIONS): string {
  for (const { attached } of special) {
    if (attached?.test(arg)) return arg.replace(attached, `$1${REDACTED}`);
  }
  const whole = WHOLE_ASSIGNMENT.exec(arg);
  if (whole !== null && !whole[2]?.startsWith("//")) return `${whole[1]}${REDACTED}`;
  return redactWithin(arg);
}

function redactWithin(text: string): string {
  return text
    .replace(PRIVATE_KEY, REDACTED)
    .replace(HEADER, `$1$2${REDACTED}`)
    .replace(BEARER, `$1 ${REDACTED}`)
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(INNER_FLAG, `$1${REDACTED}`)
    .replace(INNER_ASSIGNMENT, `$1${REDACTED}`)
    .replace(KNOWN_TOKENS, REDACTED);
}
