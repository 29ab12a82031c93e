/**
 * A process that writes numbered lines to a log file as fast as it can, in bursts, until its
 * standard input ends. It writes no more lines in all than the last number that came there, one a
 * line. It opens the file anew on SIGHUP, as daemons do whose logs are rotated. On standard output
 * it says how many lines it has written, once a burst.
 *
 *   deno run -A write_log_lines.ts FILE
 */
import { closeSync, openSync, writeSync } from "node:fs";

const BURST_LINES = 300;
const PAUSE_MS = 20;

const [path = ""] = Deno.args;
let file = openSync(path, "a");
Deno.addSignalListener("SIGHUP", () => {
  closeSync(file);
  file = openSync(path, "a");
});
let ended = false;
let allowed = 0;
const end = readAllowed();
let lines = 0;
while (!ended) {
  const burst = Math.min(BURST_LINES, allowed - lines);
  for (let i = 0; i < burst; i++) {
    writeSync(file, `line ${++lines} INFO of a program that has a lot to say\n`);
  }
  if (burst > 0) await Deno.stdout.write(new TextEncoder().encode(`${lines}\n`));
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
await end;
Deno.exit();

async function readAllowed(): Promise<void> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const numbers = `${rest}${text}`.split("\n");
    rest = numbers.pop() ?? "";
    allowed = Number(numbers.at(-1) ?? allowed);
  }
  ended = true;
}
