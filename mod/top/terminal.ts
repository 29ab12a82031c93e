import type { ScreenSize } from "./screen.ts";

/** A terminal that a person sits at. */
export interface Terminal {
  size(): ScreenSize;
  /** What is typed, as it is typed, without echo, until `close`. Ends when the input does. */
  input(): AsyncIterable<string>;
  write(text: string): void;
  /** Calls back when the size changes, and when the process is asked to end. */
  listen(listener: { readonly onResize: () => void; readonly onEnd: () => void }): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
/** What is assumed of a terminal that does not say. */
const USUAL_SIZE: ScreenSize = { columns: 80, rows: 24 };

/** What terminals are called that take text alone; one without a name is taken for such. */
const PLAIN_TERMINALS: readonly (string | undefined)[] = [undefined, "", "dumb", "unknown"];

/**
 * This process's terminal, switched to a screen of its own; null where there is none, or one that can do
 * nothing but print.
 *
 * @param type what `TERM` says
 */
export function systemTerminal(type: string | undefined): Terminal | null {
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return null;
  if (PLAIN_TERMINALS.includes(type)) return null;
  const encoder = new TextEncoder();
  const write = (text: string) => {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  };
  const stops: (() => void)[] = [];
  const on = (signal: Deno.Signal, listener: () => void) => {
    Deno.addSignalListener(signal, listener);
    stops.push(() => Deno.removeSignalListener(signal, listener));
  };
  Deno.stdin.setRaw(true);
  write(ENTER);
  return {
    size: () => {
      try {
        const { columns, rows } = Deno.consoleSize();
        // Some say that they have none, as those that a program makes without a window.
        return columns > 0 && rows > 0 ? { columns, rows } : USUAL_SIZE;
      } catch {
        return USUAL_SIZE;
      }
    },
    input: () => Deno.stdin.readable.pipeThrough(new TextDecoderStream()),
    write,
    listen: ({ onResize, onEnd }) => {
      on("SIGWINCH", onResize);
      for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) on(signal, onEnd);
    },
    close: () => {
      for (const stop of stops) stop();
      Deno.stdin.setRaw(false);
      write(LEAVE);
    },
  };
}
