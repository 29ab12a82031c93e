import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ChildOutput } from "../support/child_output.ts";
import { type RunningHorizon, startHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const WRITER = fileURLToPath(new URL("../support/write_log_lines.ts", import.meta.url));
/**
 * Lines that the writer may be ahead of what the test waited for: enough to be writing whenever
 * something is done to its file, and bounded, so that a machine on which Horizon starts slowly has
 * no more lines to read than a fast one.
 */
const AHEAD_LINES = 4_000;
const COUNT_EVERY_MS = 250;

/** A process that writes lines at full speed, and what rotates its log. */
class Writer {
  readonly #child: Deno.ChildProcess;
  readonly #output: ChildOutput;
  readonly #path: string;
  readonly #allow: WritableStreamDefaultWriter<Uint8Array>;

  constructor(path: string) {
    this.#path = path;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", WRITER, path],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#output = new ChildOutput(this.#child.stdout);
    this.#allow = this.#child.stdin.getWriter();
  }

  get lines(): number {
    return Number(this.#output.lines.at(-1) ?? 0);
  }

  /** Waits until so many more lines are written; then it writes on, `AHEAD_LINES` at most. */
  async writes(more: number): Promise<void> {
    const enough = this.lines + more;
    await this.#allow.write(new TextEncoder().encode(`${enough + AHEAD_LINES}\n`));
    await until(`${enough} lines`, PATIENCE_MS, () => this.lines >= enough ? true : null);
  }

  /** As logrotate does with `create`: rename, then tell the program. */
  rename(): void {
    this.#shift();
    Deno.renameSync(this.#path, `${this.#path}.1`);
    this.#child.kill("SIGHUP");
  }

  /**
   * As logrotate does with `copytruncate`. The program is held meanwhile: what it would write
   * between copying and cutting off is lost by that method, whoever reads.
   */
  async copyAndCut(): Promise<void> {
    this.#shift();
    this.#child.kill("SIGSTOP");
    await until("a stopped writer", PATIENCE_MS, () => {
      const stat = Deno.readTextFileSync(`/proc/${this.#child.pid}/stat`);
      return /\) T /.test(stat) ? true : null;
    });
    Deno.copyFileSync(this.#path, `${this.#path}.1`);
    Deno.truncateSync(this.#path);
    this.#child.kill("SIGCONT");
  }

  /** Ends it; the number of lines it wrote. */
  async end(): Promise<number> {
    await this.#allow.close();
    await this.#child.status;
    await this.#output.done;
    return this.lines;
  }

  #shift(): void {
    for (let i = 8; i >= 1; i--) {
      try {
        Deno.renameSync(`${this.#path}.${i}`, `${this.#path}.${i + 1}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
}

const COUNTS = `SELECT count(*), count(DISTINCT CAST(split_part(body, ' ', 2) AS BIGINT))
  FROM logs WHERE source = ?`;

/** Where lines are missing: the last line before each gap, and the first behind it. */
const GAPS = `SELECT n - step, n FROM (
    SELECT n, n - lag(n, 1, 0) OVER (ORDER BY n) AS step FROM (
      SELECT DISTINCT CAST(split_part(body, ' ', 2) AS BIGINT) AS n FROM logs WHERE source = ?))
  WHERE step > 1 ORDER BY n LIMIT 20`;

/**
 * Waits until so many different lines are stored, for as long as more of them come: how long that
 * takes in all is the machine's affair.
 */
async function allStored(horizon: RunningHorizon, path: string, written: number): Promise<void> {
  for (let before = 0;;) {
    const stored = await until(`more than ${before} of ${written} lines`, PATIENCE_MS, async () => {
      const [[, distinct] = []] = await horizon.sql(COUNTS, [path]);
      return Number(distinct) > before ? Number(distinct) : null;
    });
    if (stored === written) return;
    before = stored;
    // Counting is work for the machine that is to read.
    await new Promise((resolve) => setTimeout(resolve, COUNT_EVERY_MS));
  }
}

async function repeatedOf(horizon: RunningHorizon): Promise<number> {
  const response = await fetch(`${horizon.url}/api/log-files`);
  const { files }: { files: { repeated: number }[] } = await response.json();
  return files.reduce((sum, { repeated }) => sum + repeated, 0);
}

Deno.test("a log rotated by rename and by copytruncate at full speed, Horizon killed twice: every line arrives", async () => {
  const folder = await Deno.makeTempDir({ prefix: "horizon-rotate-" });
  const path = `${folder}/app.log`;
  const config = `${folder}/horizon.yaml`;
  await Deno.writeTextFile(
    config,
    `logs: { files: [{ paths: [${path}], start_at: beginning, service: talker }] }\n` +
      `collectors: { host: { enabled: false }, processes: { enabled: false } }\n`,
  );
  const start = () => startHorizon({ args: ["--config", config, "--data-dir", `${folder}/data`] });
  const writer = new Writer(path);
  let horizon = await start();
  try {
    await writer.writes(8_000);
    writer.rename();
    await writer.writes(8_000);
    await horizon.kill();
    await writer.writes(4_000);
    writer.rename();
    await writer.writes(4_000);
    horizon = await start();
    await writer.writes(8_000);
    await writer.copyAndCut();
    await writer.writes(8_000);
    await horizon.kill();
    await writer.writes(4_000);
    await writer.copyAndCut();
    await writer.writes(4_000);
    horizon = await start();
    await writer.writes(4_000);
    const written = await writer.end();
    await allStored(horizon, path, written);
    const [[total] = []] = await horizon.sql(COUNTS, [path]);
    const duplicates = Number(total) - written;
    const repeated = await repeatedOf(horizon);
    // What is read of a file in the seconds before each kill may come again, and no more.
    assert.ok(duplicates < written, `${duplicates} duplicates of ${written} lines`);
    assert.ok(repeated <= duplicates, `${repeated} counted, ${duplicates} found`);
    const [[service] = []] = await horizon.sql("SELECT max(service) FROM logs WHERE source = ?", [
      path,
    ]);
    assert.equal(service, "talker");
    assert.equal(await horizon.stop(), 0);
    // After an orderly end nothing comes twice.
    horizon = await start();
    await until("the file", PATIENCE_MS, async () => {
      const response = await fetch(`${horizon.url}/api/log-files`);
      const { files }: { files: { size: number; offset: number }[] } = await response.json();
      return files.some(({ size, offset }) => size > 0 && size === offset) ? true : null;
    });
    assert.deepEqual(await horizon.sql(COUNTS, [path]), [[total, String(written)].map(Number)]);
  } catch (error) {
    const files = await fetch(`${horizon.url}/api/log-files`).then((r) => r.text(), String);
    const gaps = await horizon.sql(GAPS, [path]).catch(String);
    throw new Error(`missing: ${JSON.stringify(gaps)}\n${files}\n${horizon.log}`, { cause: error });
  } finally {
    await writer.end().catch(() => undefined);
    await horizon.kill();
    await Deno.remove(folder, { recursive: true });
  }
});
