/** Signals that ask for an end: after one of them nothing is started again. */
const ENDING: ReadonlySet<Deno.Signal> = new Set(["SIGTERM", "SIGINT", "SIGQUIT"]);
const RELAYED: readonly Deno.Signal[] = [
  ...ENDING,
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
];
/** From a terminal the kernel sends these to the child as well: twice would be once too often. */
const SENT_BY_TERMINALS: ReadonlySet<Deno.Signal> = new Set(["SIGINT", "SIGQUIT", "SIGWINCH"]);

export interface SignalRelayOptions {
  /** Whether a terminal is at the other end of standard input. */
  readonly terminal: boolean;
  readonly forward: (signal: Deno.Signal) => void;
  /** Called with the first signal that asks for an end, and with each further one. */
  readonly onEnding: (signal: Deno.Signal) => void;
}

/** Passes signals to the child; the answer stops it. */
export function relaySignals({ terminal, forward, onEnding }: SignalRelayOptions): () => void {
  const listeners = RELAYED.map((signal) => {
    const listener = () => {
      if (ENDING.has(signal)) onEnding(signal);
      if (!terminal || !SENT_BY_TERMINALS.has(signal)) forward(signal);
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return () => listeners.forEach((stop) => stop());
}
