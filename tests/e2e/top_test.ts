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

Deno.test({
  name: hasScript
    ? "top: draws on a terminal, takes keys, and gives the terminal back"
    : "top: draws on a terminal [skipped: there is no `script` to make one]",
  ignore: !hasScript,
  fn: async () => {
    await withHorizon(async (horizon) => {
      const command = [
        Deno.execPath(),
        "run",
        "--quiet",
        "--allow-all",
        MAIN,
        "top",
        "--url",
        horizon.url,
      ];
      const child = new Deno.Command("script", {
        args: [
          "--quiet",
          "--return",
          "--command",
          `stty cols 80 rows 24; ${command.join(" ")}`,
          "/dev/null",
        ],
        env: { TERM: "xterm" },
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const out = new ChildOutput(child.stdout);
      const keys = child.stdin.getWriter();
      const press = (text: string) => keys.write(new TextEncoder().encode(text));
      const shows = (text: string) =>
        until(text, PATIENCE_MS, () => out.text.includes(text) ? true : null);
      try {
        await shows("CPU%v");
        await press("m");
        await shows("RSSv");
        await press("/deno");
        await shows("filter: deno_");
        await press("\r?");
        await shows("THR  threads");
        await press("q");
        const { code } = await within("the end of top", PATIENCE_MS, child.status);
        assert.equal(code, 0);
      } finally {
        await keys.close().catch(() => {});
        await out.done;
      }
      // Its own screen was entered and left, the cursor hidden and shown again.
      assert.ok(out.text.includes("\x1b[?1049h\x1b[?25l"));
      assert.ok(out.text.trimEnd().endsWith("\x1b[?25h\x1b[?1049l"));
    });
  },
});
