import assert from "node:assert/strict";
import { Orchestrator } from "../support/orchestrator.ts";
import { startHorizon, withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const CONFIG = `
collectors:
  processes:
    interval: 200ms
    groups:
      - service: ill
        match: { command_line: "horizon-history-(crashes|stays)" }
`;

Deno.test("process history: a crash is kept with its cause; what ended while Horizon was away is told", async () => {
  const folder = await Deno.makeTempDir({ prefix: "horizon-history-" });
  await using orchestrator = new Orchestrator();
  try {
    await Deno.writeTextFile(`${folder}/horizon.yaml`, CONFIG);
    const options = {
      args: ["--config", `${folder}/horizon.yaml`, "--data-dir", `${folder}/data`],
    };
    const script = (name: string) => orchestrator.script(`exec sh -c 'sleep 600; : ${name}'`);
    const horizon = await startHorizon(options);
    try {
      await until(
        "a look",
        PATIENCE_MS,
        async () => (await horizon.sql("SELECT count(*) FROM processes"))[0]?.[0] !== 0 || null,
      );
      const crashes = await script("horizon-history-crashes");
      const stays = await script("horizon-history-stays");
      await until("both starts", PATIENCE_MS, async () => {
        const [[starts]] = await horizon.sql(
          "SELECT count(*) FROM process_events WHERE event = 'start' AND pid IN (?, ?)",
          [crashes.pid, stays.pid],
        ) as [[number]];
        return starts === 2 || null;
      });
      crashes.kill("SIGSEGV");
      const id = await until("the crash", PATIENCE_MS, async () => {
        const answer = await (await fetch(`${horizon.url}/api/crashes`)).json();
        // Others of this host may die meanwhile.
        const own = answer.crashes.find(({ pid }: { pid: number }) => pid === crashes.pid);
        return own?.id ?? null;
      });
      const archive = await fetch(`${horizon.url}/api/crashes/${id}/archive`);
      assert.equal(archive.status, 200);
      assert.ok((await archive.bytes()).length > 500);
      const [process] = await horizon.sql(
        "SELECT state, cause, signal, service FROM processes WHERE pid = ?",
        [crashes.pid],
      );
      assert.deepEqual(process, ["exited", "crashed", "SIGSEGV", "ill"]);
      // Its event is stored a moment after the bundle.
      const stored = await until("its row", PATIENCE_MS, async () => {
        const rows = await horizon.sql("SELECT id, cause FROM crashes WHERE id = ?", [id]);
        return rows.length > 0 ? rows : null;
      });
      assert.deepEqual(stored, [[id, "crashed"]]);
      await horizon.kill();
      stays.kill("SIGKILL");
      await withHorizon(async (again) => {
        const ended = await until(
          "the end that was missed",
          PATIENCE_MS,
          async () =>
            (await again.sql(
              "SELECT cause, evidence FROM process_events WHERE event = 'exit' AND pid = ?",
              [stays.pid],
            ))[0] ?? null,
        );
        assert.equal(ended[0], "unknown");
        assert.match(String(ended[1]), /while Horizon was not running/);
        assert.deepEqual(
          await again.sql(
            "SELECT pid, cause FROM processes WHERE service = 'ill' AND exited_at IS NOT NULL ORDER BY cause",
          ),
          [[crashes.pid, "crashed"], [stays.pid, "unknown"]],
        );
        const kept = await (await fetch(`${again.url}/api/crashes/${id}`)).json();
        assert.equal(kept.signal, "SIGSEGV");
        assert.equal(kept.process.service, "ill");
      }, options);
    } finally {
      await horizon.kill();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
