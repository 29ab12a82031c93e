import type { CliIo, ExitCode, TopCommand } from "../cli/command.ts";
import { QueryFailure } from "../cli/query_client.ts";
import { terminalText } from "../cli/terminal_text.ts";
import { readKeys } from "./keys.ts";
import { FRAME_LINES, MIN_LOOK_LINES, pageRows, type ScreenLine, screenLines } from "./screen.ts";
import { snapshotJson, type TopSnapshot } from "./snapshot.ts";
import type { Terminal } from "./terminal.ts";
import { askSnapshot } from "./top_client.ts";
import { FIRST_VIEW, press, rowsOf, type ViewState } from "./view_state.ts";

/** How wide a look is that goes into a file or a pipe. */
const FILE_COLUMNS = 200;

/** `horizon top`: 1 with one sentence on stderr when there is no Horizon to ask. */
export async function runTop(
  command: TopCommand,
  io: Pick<CliIo, "stdout" | "stderr" | "fetch" | "terminal">,
): Promise<ExitCode> {
  const view: ViewState = {
    ...FIRST_VIEW,
    order: { sort: command.sort, reversed: false },
    grouped: command.grouped,
    filter: command.filter,
  };
  try {
    // Asked before the screen is taken over: what is wrong is told in a line that stays.
    const snapshot = await askSnapshot(command, io.fetch);
    const terminal = command.once || command.json ? null : io.terminal();
    if (terminal === null) await io.stdout(oneLook(command, snapshot, view));
    else await new TopSession(command, io.fetch, terminal, snapshot, view).run();
    return 0;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    if (!(error instanceof QueryFailure)) throw error;
    await io.stderr(`horizon: ${error.message.split("\n").map(terminalText).join("\n")}\n`);
    return 1;
  }
}

function oneLook(command: TopCommand, snapshot: TopSnapshot, view: ViewState): string {
  if (command.json) {
    const rows = rowsOf(snapshot, { ...view, grouped: false });
    const processes = rows.flatMap((row) => row.kind === "process" ? [row.process] : []);
    return `${JSON.stringify(snapshotJson({ ...snapshot, processes }))}\n`;
  }
  const rows = rowsOf(snapshot, view);
  const wanted = rows.length + FRAME_LINES;
  const size = { columns: FILE_COLUMNS, rows: Math.max(wanted, MIN_LOOK_LINES) };
  // Without the last line, which says what can be pressed.
  const lines = screenLines(snapshot, { ...view, selected: -1 }, rows, size, null)
    .slice(0, wanted - 1);
  return lines.map(({ text }) => `${text.trimEnd()}\n`).join("");
}

/** A person at a terminal: looks again and again, draws, and does what is pressed. */
class TopSession {
  readonly #command: TopCommand;
  readonly #fetch: CliIo["fetch"];
  readonly #terminal: Terminal;
  #snapshot: TopSnapshot;
  #view: ViewState;
  #problem: string | null = null;
  readonly #left = Promise.withResolvers<void>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    command: TopCommand,
    fetch: CliIo["fetch"],
    terminal: Terminal,
    snapshot: TopSnapshot,
    view: ViewState,
  ) {
    this.#command = command;
    this.#fetch = fetch;
    this.#terminal = terminal;
    this.#snapshot = snapshot;
    this.#view = view;
  }

  /** Until it is left. */
  async run(): Promise<void> {
    this.#terminal.listen({ onResize: () => this.#draw(), onEnd: this.#left.resolve });
    try {
      this.#draw();
      this.#lookLater();
      await Promise.race([this.#left.promise, this.#readInput()]);
    } finally {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#terminal.close();
    }
  }

  async #readInput(): Promise<void> {
    for await (const text of this.#terminal.input()) {
      for (const key of readKeys(text)) {
        const next = press(this.#view, key, this.#rows(), pageRows(this.#terminal.size()));
        if (next === null) return;
        this.#view = next;
      }
      this.#draw();
    }
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => {
      this.#look().then(() => this.#lookLater(), this.#left.reject);
    }, this.#command.intervalMs);
  }

  async #look(): Promise<void> {
    if (this.#view.paused) return;
    try {
      this.#snapshot = await askSnapshot(this.#command, this.#fetch);
      this.#problem = null;
    } catch (error) {
      if (!(error instanceof QueryFailure)) throw error;
      // The last look stays on the screen; the next one may succeed.
      this.#problem = error.message.split("\n")[0] ?? null;
    }
    this.#draw();
  }

  #rows() {
    return rowsOf(this.#snapshot, this.#view);
  }

  #draw(): void {
    const rows = this.#rows();
    // Fewer rows than before may leave the selection behind their end.
    const selected = Math.max(0, Math.min(this.#view.selected, rows.length - 1));
    this.#view = { ...this.#view, selected };
    const size = this.#terminal.size();
    const lines = screenLines(this.#snapshot, this.#view, rows, size, this.#problem);
    this.#terminal.write(`${HOME}${lines.map(styled).join("\r\n")}${CLEAR_BELOW}`);
  }
}

const HOME = "\x1b[H";
const CLEAR_BELOW = "\x1b[J";
const STYLES: Readonly<Record<ScreenLine["style"], string>> = {
  plain: "",
  bold: "\x1b[1m",
  selected: "\x1b[7m",
};

function styled({ text, style }: ScreenLine): string {
  // Cleared first: behind a line as wide as the screen it would take the last character.
  return `\x1b[2K${STYLES[style]}${text}\x1b[0m`;
}
