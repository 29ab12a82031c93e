import assert from "node:assert/strict";
import { startHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

Deno.test("executable: on a bare host, answers SQL about a process that was started after it", async () => {
  const cache = await Deno.makeTempDir({ prefix: "horizon-bare-" });
  const cwd = `${cache}/empty`;
  await Deno.mkdir(cwd, { mode: 0o555 });
  try {
    const horizon = await startHorizon({
      program: "executable",
      cwd,
      env: { XDG_CACHE_HOME: cache },
    });
    try {
      const sleeper = new Deno.Command("sleep", { args: ["300"] }).spawn();
      try {
        const [name, rss, samples] = await until(
          "metrics of the new process",
          PATIENCE_MS,
          async () => {
            const rows = await horizon.sql(
              `SELECT p.name, max(value), count(*)
             FROM metrics m JOIN processes p ON m.labels['process.pid'] = p.pid::VARCHAR
             WHERE m.name = 'process.memory.usage' AND p.pid = ? GROUP BY p.name`,
              [sleeper.pid],
            );
            return rows[0] ?? null;
          },
        );
        assert.equal(name, "sleep");
        assert.ok(Number(samples) >= 1);
        assert.ok(Number(rss) > 100_000 && Number(rss) < 50_000_000, `${rss} bytes`);
        const [command, parent, started] = (await horizon.sql(
          "SELECT command_line, ppid, start_time FROM processes WHERE pid = ?",
          [sleeper.pid],
        ))[0]!;
        assert.match(String(command), /sleep 300$/);
        assert.equal(parent, Deno.pid);
        assert.ok(Math.abs(Date.parse(String(started)) - Date.now()) < 60_000, String(started));
      } finally {
        sleeper.kill("SIGKILL");
        await sleeper.status;
      }
      await until("the end of the process", PATIENCE_MS, async () => {
        const rows = await horizon.sql(
          "SELECT exited_at FROM processes WHERE pid = ? AND exited_at IS NOT NULL",
          [sleeper.pid],
        );
        return rows[0] ?? null;
      });
      assert.equal(await horizon.stop(), 0, horizon.log);
      // Nothing but its own log lines: no warning of the runtime's.
      for (const line of horizon.log.trim().split("\n")) assert.match(line, /^\{.*\}$/);
      assert.deepEqual([...Deno.readDirSync(cwd)], []);
    } finally {
      await horizon.kill();
    }
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});
