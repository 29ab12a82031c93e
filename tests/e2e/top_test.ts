import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ChildOutput } from "../support/child_output.ts";
import { runHorizon, withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until, within } from "../support/until.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** `script` (util-linux) gives a program a terminal. */
const hasScript = await new Deno.Command("script", {
  args: ["--version"],
  stdout: "null",
  stderr: "null",
})
  .output().then(({ success }) => success, () => false);

Deno.test("top: prints one look where nobody sits, with this very process in it", async () => {
  await withHorizon(async (horizon) => {
    await until("processes", PATIENCE_MS, async () => {
      const [row] = await horizon.sql(`SELECT count(*) FROM processes WHERE pid = ${horizon.pid}`);
      return row?.[0] === 1 ? true : null;
    });
    const text = await runHorizon(["top", "--url", horizon.url, "--sort", "pid"]);
    assert.equal(text.code, 0, text.stderr);
    const line = text.stdout.split("\n").find((one) =>
      one.trimStart().startsWith(`${horizon.pid} `)
    );
    assert.match(line ?? "", / [A-Z] .*deno run /);

    const json = await runHorizon([
      "top",
      "--url",
      horizon.url,
      "--json",
      "--filter",
      String(horizon.pid),
    ]);
    assert.equal(json.code, 0, json.stderr);
    const look = JSON.parse(json.stdout) as {
      host: { memory_bytes: number };
      processes: { pid: number; rss_bytes: number }[];
    };
    assert.ok(look.host.memory_bytes > 0);
    const own = look.processes.find(({ pid }) => pid === horizon.pid);
    assert.ok(own !== undefined && own.rss_bytes > 0);
  });
});

Deno.test("top: without a Horizon it says so and what to do", async () => {
  const ended = await runHorizon(["top", "--url", "http://127.0.0.1:1"]);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /^horizon: cannot reach Horizon at http:\/\/127\.0\.0\.1:1: /);
});

interface TerminalKind {
  readonly columns: number;
  readonly rows: number;
  readonly type: string;
}

interface Sitting {
  readonly out: ChildOutput;
  press(text: string): Promise<void>;
  shows(text: string): Promise<true>;
  /** The exit code once it has ended. */
  end(): Promise<number>;
}

/** Runs `horizon top` as a person at such a terminal would; colours are not wanted. */
async function sitAt(
  { columns, rows, type }: TerminalKind,
  url: string,
  work: (sitting: Sitting) => Promise<void>,
): Promise<void> {
  const command = `"${Deno.execPath()}" run --quiet --allow-all "${MAIN}" top --url ${url}`;
  const shell = `stty cols ${columns} rows ${rows}; ${command}`;
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", shell, "/dev/null"],
    env: { TERM: type, NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const out = new ChildOutput(child.stdout);
  const keys = child.stdin.getWriter();
  try {
    await work({
      out,
      press: (text) => keys.write(new TextEncoder().encode(text)),
      shows: (text) => until(text, PATIENCE_MS, () => out.text.includes(text) ? true : null),
      end: async () => (await within("the end of top", PATIENCE_MS, child.status)).code,
    });
  } finally {
    await keys.close().catch(() => {});
    await out.done;
  }
}

/** What stands on the screen, of a text that was drawn since `HOME` was written last. */
function lastScreen(text: string): string[] {
  const drawn = text.split("\x1b[?25h")[0]?.split("\x1b[H").at(-1) ?? "";
  // deno-lint-ignore no-control-regex -- ESC is what sequences begin with
  return drawn.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").split(/\r*\n/);
}

Deno.test({
  name: hasScript
    ? "top: draws on a terminal, takes keys, and gives the terminal back"
    : "top: draws on a terminal [skipped: there is no `script` to make one]",
  ignore: !hasScript,
  fn: async () => {
    await withHorizon(async ({ url, sql }) => {
      await until("processes", PATIENCE_MS, async () => {
        const [row] = await sql("SELECT count(*) > 0 FROM processes");
        return row?.[0] === true || null;
      });
      await sitAt({ columns: 80, rows: 24, type: "xterm" }, url, async (top) => {
        await top.shows("CPU%v");
        await top.press("m");
        await top.shows("RSSv");
        await top.press("/deno");
        await top.shows("filter: deno_");
        await top.press("\r?");
        await top.shows("THR  threads");
        await top.press("q");
        assert.equal(await top.end(), 0);
        // Its own screen was entered and left, the cursor hidden and shown again.
        const { text } = top.out;
        assert.ok(text.includes("\x1b[?1049h\x1b[?25l"));
        assert.ok(text.trimEnd().endsWith("\x1b[?25h\x1b[?1049l"));
        assert.equal(lastScreen(text).length, 24);
        // Bold and reversed are no colours; there are none at all.
        // deno-lint-ignore no-control-regex -- ESC is what sequences begin with
        const styles = new Set(text.match(/\x1b\[[0-9;]*m/g));
        assert.deepEqual([...styles].sort(), ["\x1b[0m", "\x1b[1m", "\x1b[7m"]);
      });
      // There is room for what matters on a tiny one; one that does not know its size is taken for a usual one.
      await sitAt({ columns: 20, rows: 5, type: "xterm" }, url, async (top) => {
        await top.shows("CPU%v");
        await top.press("q");
        assert.equal(await top.end(), 0);
        const screen = lastScreen(top.out.text);
        assert.equal(screen.length, 5, top.out.text);
        assert.match(screen[0] ?? "", /^ {4}PID CPU%v COMMA…$/);
        assert.match(screen[1] ?? "", /^ *\d+ +(\d[\d.]*|-) \S/);
      });
      await sitAt({ columns: 0, rows: 0, type: "xterm" }, url, async (top) => {
        await top.shows("CPU%v");
        await top.press("q");
        assert.equal(await top.end(), 0);
        assert.equal(lastScreen(top.out.text).length, 24);
      });
      // One that can only print gets one look, as a pipe does.
      await sitAt({ columns: 80, rows: 24, type: "dumb" }, url, async (top) => {
        assert.equal(await top.end(), 0);
        assert.match(top.out.text, /COMMAND\r?\n/);
        // deno-lint-ignore no-control-regex -- none may be there
        assert.doesNotMatch(top.out.text, /\x1b/);
      });
    });
  },
});
