/** The only file that knows commander: see docs/adr/0002-stand-ins-for-jsr-packages.md. */
import {
  Command as Commander,
  CommanderError,
  InvalidArgumentError,
  Option,
  type OptionValues,
} from "commander";
import { TOKEN_ROLES, TokenName, type TokenRoleName } from "../config/auth_section.ts";
import { closestName } from "../config/closest_name.ts";
import { formatDuration, parseDurationMs } from "../config/duration_text.ts";
import { RESTART_MODES, type RestartMode } from "../exec/restart_policy.ts";
import { CONFIG_VARIABLE, type FlagValues, type Setting, SETTINGS } from "../config/settings.ts";
import { SORT_KEYS, type SortKey } from "../top/rows.ts";
import { type CliIo, type Command, QUERY_FORMATS, type QueryFormat } from "./command.ts";
import {
  CHECK_CONFIG_HELP,
  EXEC_HELP,
  PROGRAM_HELP,
  QUERY_HELP,
  SERVE_HELP,
  TOKEN_HELP,
  TOP_HELP,
} from "./help_text.ts";
import { versionText } from "./version_text.ts";

/** Where a Horizon listens if nobody says otherwise. */
export const DEFAULT_URL = "http://127.0.0.1:9630";

const URL_DEFAULT = `(default: ${DEFAULT_URL}) [env: HORIZON_URL]`;
const TOKEN_DESCRIPTION = "the token to show [env: HORIZON_TOKEN]";

/** Help is laid out for the narrowest terminal in use. */
const HELP_WIDTH = 80;
const MAX_ROWS = 10_000_000;

/**
 * Reads the command line. Help, the version and what is wrong are written to `io`; the answer is
 * then `exit`. Never ends the process.
 *
 * @param argv the arguments without the program's name
 */
export async function parseCommandLine(
  argv: readonly string[],
  io: Pick<CliIo, "stdout" | "stderr" | "env">,
): Promise<Command> {
  // Commander writes synchronously; what it wrote goes out here, in order.
  const written: (() => Promise<void> | void)[] = [];
  const result: { command: Command } = { command: { kind: "exit", code: 2 } };
  const program = createProgram(io.env, (command) => result.command = command, {
    out: (text) => written.push(() => io.stdout(text)),
    error: (text) => written.push(() => io.stderr(text)),
  });
  try {
    refuseUnknownCommand(program, argv[0]);
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    result.command = { kind: "exit", code: error.exitCode === 0 ? 0 : 2 };
  }
  for (const write of written) await write();
  return result.command;
}

type Found = (command: Command) => void;
interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

function createProgram(env: CliIo["env"], found: Found, output: Output): Commander {
  const program = new Commander("horizon")
    .description(
      "Watches this host and its processes, takes in OpenTelemetry data, and answers SQL about it.",
    )
    .version(versionText(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .showHelpAfterError("(horizon --help shows what there is)")
    .configureOutput({
      writeOut: output.out,
      writeErr: output.error,
      outputError: (text, write) => write(text.replace(/^error: /, "horizon: ")),
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .enablePositionalOptions()
    // Settings are inherited by the commands that are added after it.
    .exitOverride()
    .addHelpText("after", PROGRAM_HELP);
  addServe(program, found);
  addQuery(program, env, found);
  addTop(program, env, found);
  addExec(program, env, found);
  addCheck(program, found);
  addToken(program, found);
  program.command("version")
    .description("print the version")
    .option("--json", "print one JSON object")
    .action((options: OptionValues) => found({ kind: "version", json: isOn(options, "json") }));
  return program;
}

function addServe(program: Commander, found: Found): void {
  const serve = program.command("serve", { isDefault: true })
    .description("watch this host (the default command)")
    .option("--config <FILE>", "read this configuration file")
    .addHelpText("after", SERVE_HELP);
  for (const setting of SETTINGS) {
    const argument = setting.argument === null ? "" : ` <${setting.argument}>`;
    serve.addOption(
      new Option(`${setting.flag}${argument}`, `${setting.description} [env: ${setting.variable}]`),
    );
  }
  serve.action((options: OptionValues) => found({ kind: "serve", flags: flagValues(options) }));
}

function addQuery(program: Commander, env: CliIo["env"], found: Found): void {
  program.command("query")
    .description("run one SQL SELECT and print its result")
    .argument("<SQL>", "the statement; - reads it from standard input")
    .addOption(choiceOption("--format <FORMAT>", "how to print", QUERY_FORMATS).default("table"))
    .option("--url <URL>", `the Horizon to ask ${URL_DEFAULT}`)
    .option("--token <TOKEN>", TOKEN_DESCRIPTION)
    .option("--timeout <DURATION>", "cancel the query after this time, such as 30s", timeoutMs)
    .option("--max-rows <COUNT>", "at most this many rows", maxRows)
    .addHelpText("after", QUERY_HELP)
    .action((sql: string, options: OptionValues, self: Commander) => {
      found({
        kind: "query",
        sql,
        format: oneOf<QueryFormat>(QUERY_FORMATS, options["format"]),
        ...serverOf(options, env, self),
        timeoutMs: numberOf(options, "timeout"),
        maxRows: numberOf(options, "maxRows"),
      });
    });
}

function addTop(program: Commander, env: CliIo["env"], found: Found): void {
  program.command("top")
    .description("show the processes of this host, live")
    .addOption(durationOption("--interval <DURATION>", "time between two looks", 2_000))
    .addOption(choiceOption("--sort <BY>", "what comes first", SORT_KEYS).default("cpu"))
    .option("--group", "by service")
    .option("--filter <TEXT>", "only what has this text in its names, user or command line")
    .option("--once", "print one look and end")
    .option("--json", "print one look as one JSON object and end")
    .option("--url <URL>", `the Horizon to ask ${URL_DEFAULT}`)
    .option("--token <TOKEN>", TOKEN_DESCRIPTION)
    .addHelpText("after", TOP_HELP)
    .action((options: OptionValues, self: Commander) =>
      found({
        kind: "top",
        intervalMs: numberOf(options, "interval") ?? 0,
        sort: oneOf<SortKey>(SORT_KEYS, options["sort"]),
        grouped: isOn(options, "group"),
        filter: textOf(options, "filter") ?? "",
        once: isOn(options, "once"),
        json: isOn(options, "json"),
        ...serverOf(options, env, self),
      })
    );
}

function addExec(program: Commander, env: CliIo["env"], found: Found): void {
  program.command("exec")
    .description("run a command, and keep its output as logs")
    .argument("<COMMAND...>", "the program and its arguments, best behind --")
    // What follows the program's name is its own.
    .passThroughOptions()
    .option("--service <NAME>", "its service [env: OTEL_SERVICE_NAME] (default: the program)")
    .addOption(
      choiceOption("--restart <WHEN>", "start it again when it has ended", RESTART_MODES)
        .default("never"),
    )
    .option(
      "--max-restarts <COUNT>",
      "restarts in a row, at most (default: no limit)",
      restartCount,
    )
    .addOption(durationOption("--backoff <DURATION>", "wait before the first restart", 1_000))
    .addOption(durationOption("--max-backoff <DURATION>", "longest wait", 60_000))
    .addOption(
      durationOption("--stable-after <DURATION>", "a run after which counting begins anew", 60_000),
    )
    .addOption(durationOption("--stop-timeout <DURATION>", "from a signal to SIGKILL", 10_000))
    .option("--no-report", "tell nobody")
    .option("--url <URL>", `the Horizon that is told ${URL_DEFAULT}`)
    .option("--token <TOKEN>", TOKEN_DESCRIPTION)
    .addHelpText("after", EXEC_HELP)
    .action(([program, ...args]: string[], options: OptionValues, self: Commander) => {
      if (program === undefined) self.error("error: there is no command to run");
      found({
        kind: "exec",
        argv: [program, ...args],
        service: textOf(options, "service") ?? given(env["OTEL_SERVICE_NAME"]) ??
          program.split("/").at(-1) ?? program,
        restart: {
          mode: oneOf<RestartMode>(RESTART_MODES, options["restart"]),
          maxRestarts: numberOf(options, "maxRestarts"),
          firstDelayMs: numberOf(options, "backoff") ?? 0,
          maxDelayMs: numberOf(options, "maxBackoff") ?? 0,
          stableAfterMs: numberOf(options, "stableAfter") ?? 0,
        },
        stopTimeoutMs: numberOf(options, "stopTimeout") ?? 0,
        report: isOn(options, "report"),
        ...serverOf(options, env, self),
      });
    });
}

function addCheck(program: Commander, found: Found): void {
  const check = program.command("check").description("find mistakes before they matter");
  check.command("config")
    .description("check a configuration; lists every problem")
    .argument("[FILE]", `default: ${CONFIG_VARIABLE}, ./horizon.yaml, /etc/horizon/horizon.yaml`)
    .option("--json", "print one JSON object")
    .option("--schema", "print the JSON schema of the file instead")
    .addHelpText("after", CHECK_CONFIG_HELP)
    .action((file: string | undefined, options: OptionValues) =>
      found({
        kind: "check-config",
        file: file ?? null,
        json: isOn(options, "json"),
        schema: isOn(options, "schema"),
      })
    );
}

function addToken(program: Commander, found: Found): void {
  program.command("token")
    .description("make a token, and the configuration that accepts it")
    .addOption(choiceOption("--role <ROLE>", "what it may do", TOKEN_ROLES).default("viewer"))
    .option("--name <NAME>", "its name in logs (default: the role)", tokenName)
    .option("--json", "print one JSON object")
    .addHelpText("after", TOKEN_HELP)
    .action((options: OptionValues) => {
      const role = oneOf<TokenRoleName>(TOKEN_ROLES, options["role"]);
      const name = textOf(options, "name") ?? role;
      found({ kind: "token", role, name, json: isOn(options, "json") });
    });
}

/** With a default command, commander would take a mistyped command for an argument of `serve`. */
function refuseUnknownCommand(program: Commander, first: string | undefined): void {
  if (first === undefined || first.startsWith("-")) return;
  const names = [...program.commands.map((command) => command.name()), "help"];
  if (names.includes(first)) return;
  const close = closestName(first, names);
  const meant = close === null ? "" : `\n(Did you mean ${close}?)`;
  program.error(`error: unknown command '${first}'${meant}`);
}

function flagValues(options: OptionValues): FlagValues {
  const read = ({ key, argument }: Setting) =>
    argument === null ? (isOn(options, key) ? true : undefined) : textOf(options, key);
  const entries = SETTINGS.map((setting) => [setting.key, read(setting)] as const)
    .filter(([, value]) => value !== undefined);
  const config = textOf(options, "config");
  return { ...Object.fromEntries(entries), ...config === undefined ? {} : { config } };
}

function choiceOption(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices(words);
}

/** The Horizon that a command talks to, and the token it shows. */
function serverOf(
  options: OptionValues,
  env: CliIo["env"],
  command: Commander,
): { readonly url: URL; readonly token: string | null } {
  const base = textOf(options, "url") ?? given(env["HORIZON_URL"]) ?? DEFAULT_URL;
  return {
    url: baseUrl(base, command),
    token: textOf(options, "token") ?? given(env["HORIZON_TOKEN"]) ?? null,
  };
}

function durationOption(flags: string, description: string, defaultMs: number): Option {
  return new Option(flags, description).argParser(timeoutMs)
    .default(defaultMs, formatDuration(defaultMs));
}

function baseUrl(text: string, command: Commander): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    command.error(`error: the URL is not one of http or https: ${text}`);
  }
  if (url.username !== "" || url.password !== "") {
    command.error("error: the URL has credentials in it; use HORIZON_TOKEN instead");
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

function timeoutMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === null || ms < 1) {
    throw new InvalidArgumentError("A duration such as 500ms, 30s or 5m is wanted.");
  }
  return ms;
}

function maxRows(text: string): number {
  const rows = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (rows < 1 || rows > MAX_ROWS) {
    throw new InvalidArgumentError(`A whole number from 1 to ${MAX_ROWS} is wanted.`);
  }
  return rows;
}

function restartCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A whole number from 0 is wanted.");
}

function tokenName(text: string): string {
  if (TokenName.safeParse(text).success) return text;
  throw new InvalidArgumentError("Letters, digits, dots, dashes and underscores, at most 64.");
}

/** An empty variable is not set. */
function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

// Commander's values are untyped: each is looked at before it is used.
function textOf(options: OptionValues, key: string): string | undefined {
  const value: unknown = options[key];
  return typeof value === "string" ? value : undefined;
}

function numberOf(options: OptionValues, key: string): number | null {
  const value: unknown = options[key];
  return typeof value === "number" ? value : null;
}

function isOn(options: OptionValues, key: string): boolean {
  return options[key] === true;
}

function oneOf<T extends string>(words: readonly T[], value: unknown): T {
  const word = words.find((one) => one === value);
  // Commander has checked it against the same words.
  if (word === undefined) throw new TypeError(`not one of ${words.join(", ")}`);
  return word;
}
