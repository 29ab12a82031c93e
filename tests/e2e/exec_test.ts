import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ChildOutput } from "../support/child_output.ts";
import { withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until, within } from "../support/until.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
/** Nobody listens on port 1. */
const NOBODY = "http://127.0.0.1:1";

interface Running {
  readonly pid: number;
  readonly out: ChildOutput;
  readonly errors: ChildOutput;
  readonly code: Promise<number>;
}

/** `stdin` is what the command reads, now or once it resolves; null: nothing. */
function exec(
  args: readonly string[],
  url: string,
  stdin: string | Promise<string> | null = null,
): Running {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", MAIN, "exec", "--url", url, ...args],
    stdin: stdin === null ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== null) {
    const writer = child.stdin.getWriter();
    void Promise.resolve(stdin)
      .then((text) => writer.write(new TextEncoder().encode(text)))
      .then(() => writer.close());
  }
  const [out, errors] = [new ChildOutput(child.stdout), new ChildOutput(child.stderr)];
  const code = within("the end of exec", PATIENCE_MS, child.status).then(async (status) => {
    await Promise.all([out.done, errors.done]);
    return status.code;
  });
  return { pid: child.pid, out, errors, code };
}

const shell = (script: string) => ["--", "sh", "-c", script];

Deno.test("exec: exit codes, signals and what a shell says of a missing program pass through", async () => {
  const cases: readonly (readonly [args: readonly string[], code: number])[] = [
    [shell("exit 0"), 0],
    [shell("exit 3"), 3],
    [shell("kill -SEGV $$"), 139],
    [["--", "no-such-program-anywhere"], 127],
    [["--", "/etc/passwd"], 126],
    [["--restart", "perhaps", "--", "true"], 2],
    [[], 2],
  ];
  for (const [args, code] of cases) {
    const run = exec(["--no-report", ...args], NOBODY);
    assert.equal(await run.code, code, `${args.join(" ")}: ${run.errors.text}`);
  }
});

Deno.test("exec: input and output are the command's own, and nobody need listen", async () => {
  const run = exec(shell("cat; printf 'no end' ; echo problem >&2"), NOBODY, "one\r\ntwo\n");
  assert.equal(await run.code, 0);
  assert.equal(run.out.text, "one\r\ntwo\nno end");
  assert.deepEqual(run.errors.lines, [
    "problem",
    "horizon exec: nothing is reported: no Horizon answers at http://127.0.0.1:1",
  ]);
});

Deno.test("exec: a command whose output nobody reads any more ends as it would by itself", async () => {
  const quoted = [Deno.execPath(), "run", "--quiet", "--allow-all", MAIN, "exec", "--no-report"]
    .map((word) => `'${word}'`).join(" ");
  const pipe = new Deno.Command("sh", {
    args: ["-c", `{ ${quoted} -- yes; echo "code $?" >&2; } | head -n 2`],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr } = await within("the end of the pipe", PATIENCE_MS, pipe.output());
  assert.equal(new TextDecoder().decode(stdout), "y\ny\n");
  // 128 and SIGPIPE.
  assert.equal(new TextDecoder().decode(stderr), "code 141\n");
});

Deno.test("exec: signals reach the command, whose end it decides", async () => {
  const run = exec(
    [
      "--no-report",
      "--restart",
      "always",
      ...shell("trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"),
    ],
    NOBODY,
  );
  await until("the trap", PATIENCE_MS, () => run.out.text.includes("up") ? true : null);
  Deno.kill(run.pid, "SIGTERM");
  // Not started again: it was asked to end.
  assert.equal(await run.code, 7);
  assert.equal(run.out.text, "up\n");
});

Deno.test("exec: what does not end when asked is killed", async () => {
  const run = exec(
    [
      "--no-report",
      "--stop-timeout",
      "100ms",
      ...shell("trap '' TERM; echo up; while :; do sleep 0.05; done"),
    ],
    NOBODY,
  );
  await until("the trap", PATIENCE_MS, () => run.out.text.includes("up") ? true : null);
  Deno.kill(run.pid, "SIGTERM");
  assert.equal(await run.code, 137);
  assert.match(run.errors.text, /did not end in time and was killed/);
});

Deno.test("exec: restarts until it has had enough, and ends with the last exit code", async () => {
  const run = exec(
    [
      "--no-report",
      "--restart",
      "on-failure",
      "--max-restarts",
      "3",
      "--backoff",
      "1ms",
      ...shell("echo run; exit 4"),
    ],
    NOBODY,
  );
  assert.equal(await run.code, 4);
  assert.deepEqual(run.out.lines, ["run", "run", "run", "run"]);
  assert.match(run.errors.text, /restarted 3 times in a row: giving up/);
});

Deno.test("exec: every line is a log record of its pid and service", async () => {
  await withHorizon(async (horizon) => {
    const script =
      "echo $$; for i in $(seq 5000); do echo line $i; done; echo last words >&2; exit 1";
    const run = exec(["--service", "shop", ...shell(script)], horizon.url);
    assert.equal(await run.code, 1, run.errors.text);
    const pid = Number(run.out.lines[0]);
    const seen = await horizon.sql(
      `SELECT service, pid, attributes['log.iostream'], count(*), count(DISTINCT body)
       FROM logs WHERE service = 'shop' GROUP BY ALL ORDER BY 3`,
    );
    assert.deepEqual(seen, [["shop", pid, "stderr", 1, 1], ["shop", pid, "stdout", 5001, 5001]]);
    const order = await horizon.sql(
      "SELECT body FROM logs WHERE service = 'shop' AND body LIKE 'line 1_' ORDER BY ts, body",
    );
    assert.equal(order.length, 10);
  });
});

Deno.test("exec: how the command ended is told to Horizon, which believes its parent", async () => {
  await withHorizon(async (horizon) => {
    const ends: readonly (readonly [script: string, code: number, told: readonly unknown[]])[] = [
      ["exit 7", 7, ["failed", 7, null, "exact"]],
      ["kill -SEGV $$", 139, ["crashed", null, "SIGSEGV", "exact"]],
    ];
    for (const [script, code, told] of ends) {
      const seen = Promise.withResolvers<string>();
      const run = exec(shell(`echo $$; read line; ${script}`), horizon.url, seen.promise);
      const pid = await until("its pid", PATIENCE_MS, () => run.out.lines[0] ?? null);
      await until("a look at it", PATIENCE_MS, async () => {
        const rows = await horizon.sql(`SELECT 1 FROM processes WHERE pid = ${pid}`);
        return rows.length > 0 ? true : null;
      });
      seen.resolve("go\n");
      assert.equal(await run.code, code, run.errors.text);
      const [row] = await until("its end", PATIENCE_MS, async () => {
        const rows = await horizon.sql(
          `SELECT cause, exit_code, signal, attributes['certainty'] FROM process_events
           WHERE event = 'exit' AND pid = ${pid}`,
        );
        return rows.length > 0 ? rows : null;
      });
      assert.deepEqual(row, told);
    }
  });
});

Deno.test("exec: a command that is over before it was looked at has its start, its end and its crash", async () => {
  await withHorizon(async (horizon) => {
    const run = exec(["--service", "shop", ...shell("echo $$; kill -ABRT $$")], horizon.url);
    assert.equal(await run.code, 134, run.errors.text);
    const pid = Number(run.out.lines[0]);
    const told = await until("its events and its crash", PATIENCE_MS, async () => {
      const rows = await horizon.sql(
        `SELECT event, name, cause, signal FROM process_events
         WHERE pid = ${pid} AND event IN ('start', 'exit') ORDER BY ts, event DESC`,
      );
      const crashes = await horizon.sql(`SELECT cause FROM crashes WHERE pid = ${pid}`);
      return rows.length > 1 && crashes.length > 0 ? { rows, crashes } : null;
    });
    assert.deepEqual(told, {
      rows: [["start", "sh", null, null], ["exit", "sh", "crashed", "SIGABRT"]],
      crashes: [["crashed"]],
    });
  });
});
