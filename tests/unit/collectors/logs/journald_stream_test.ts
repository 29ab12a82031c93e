import assert from "node:assert/strict";
import { JournaldStream } from "../../../../collectors/logs/journald_stream.ts";
import { systemTimers } from "../../../../collectors/scheduler.ts";
import { systemClock } from "../../../../mod/clock.ts";
import { HorizonError } from "../../../../mod/errors.ts";
import type { LogRecord, LogWrite } from "../../../../mod/intake/log_writer.ts";
import { SourceRegistry } from "../../../../mod/sources/source_registry.ts";
import { PATIENCE_MS, until } from "../../../support/until.ts";

/** Does as journalctl does: says its arguments, then three entries behind the cursor, then waits. */
const PROGRAM = `#!/bin/sh
echo "$@" >> "$0.args"
n=0
for arg in "$@"; do case "$arg" in --after-cursor=*) n="\${arg#--after-cursor=}";; esac; done
for i in 1 2 3; do
  n=$((n + 1))
  echo "{\\"__CURSOR\\":\\"$n\\",\\"MESSAGE\\":\\"entry $n\\",\\"PRIORITY\\":\\"6\\",\\"_SYSTEMD_UNIT\\":\\"shop.service\\"}"
done
[ -e "$0.fail" ] && { echo "cannot open the journal" >&2; exit 1; }
exec sleep 1000
`;

interface Followed {
  readonly stream: JournaldStream;
  readonly kept: LogRecord[];
  readonly sources: SourceRegistry;
  /** Refuses while it is true. */
  full: boolean;
}

function follow(program: string): Followed {
  const sources = new SourceRegistry(systemClock);
  const followed: Followed = {
    kept: [],
    sources,
    full: false,
    stream: new JournaldStream({
      program,
      units: ["shop.service"],
      startAt: "end",
      maxLineBytes: 65_536,
      writer: { write: (batch) => keep(batch) },
      book: sources.open("journald", "journalctl", ["logs"]),
      timers: systemTimers,
      clock: systemClock,
      log: { info: () => {}, warn: () => {} },
    }),
  };
  const keep = ({ records }: LogWrite) => {
    if (followed.full) return Promise.reject(new HorizonError("overloaded", "no room", {}, 20));
    const accepted = followed.kept.push(...records);
    return Promise.resolve({ accepted, droppedAttributes: 0, cutTexts: 0, replacedTimes: 0 });
  };
  return followed;
}

async function withProgram(test: (program: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const program = `${folder}/journalctl`;
  await Deno.writeTextFile(program, PROGRAM, { mode: 0o755 });
  try {
    await test(program);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const bodies = ({ kept }: Followed) => kept.map(({ body }) => body);

Deno.test("JournaldStream: stores entries, and goes on behind the last that is on disk", async () => {
  await withProgram(async (program) => {
    const first = follow(program);
    first.stream.start(null);
    await until("three entries", PATIENCE_MS, () => first.kept.length === 3 ? true : null);
    assert.equal(first.stream.cursor(systemClock.monotonicMs(), 60_000), null);
    await until("the cursor", PATIENCE_MS, () => first.stream.cursor(systemClock.monotonicMs(), 0));
    const cursor = first.stream.cursor(systemClock.monotonicMs(), 0);
    assert.equal(cursor, "3");
    await first.stream.stop();
    assert.equal(first.kept[0]?.service, "shop");
    assert.equal(first.kept[0]?.source, "journald");
    const second = follow(program);
    second.stream.start(cursor);
    await until("three more", PATIENCE_MS, () => second.kept.length === 3 ? true : null);
    await second.stream.stop();
    assert.deepEqual(bodies(second), ["entry 4", "entry 5", "entry 6"]);
    const [started, resumed] = (await Deno.readTextFile(`${program}.args`)).trim().split("\n");
    assert.match(started ?? "", /--output=json --follow .*--lines=0 --unit=shop\.service$/);
    assert.match(resumed ?? "", /--no-tail --after-cursor=3/);
  });
});

Deno.test("JournaldStream: a program that ends is started again behind what was kept, and told of", async () => {
  await withProgram(async (program) => {
    await Deno.writeTextFile(`${program}.fail`, "");
    const followed = follow(program);
    followed.stream.start(null);
    await until("entries of two runs", PATIENCE_MS, () => followed.kept.length >= 6 ? true : null);
    await followed.stream.stop();
    assert.deepEqual(bodies(followed).slice(0, 6), [1, 2, 3, 4, 5, 6].map((n) => `entry ${n}`));
    const [status] = followed.sources.statuses();
    assert.match(status?.lastProblem?.message ?? "", /exit code 1: cannot open the journal$/);
  });
});

Deno.test("JournaldStream: without the program it says so, and stops when told", async () => {
  const followed = follow("/nowhere/journalctl");
  followed.stream.start(null);
  const message = () => followed.sources.statuses()[0]?.lastProblem?.message ?? null;
  assert.match(await until("a problem", PATIENCE_MS, message), /cannot be run/);
  await followed.stream.stop();
});

Deno.test("JournaldStream: without room it waits, and loses nothing", async () => {
  await withProgram(async (program) => {
    const followed = follow(program);
    followed.full = true;
    followed.stream.start(null);
    await until("a pause", PATIENCE_MS, () => followed.sources.statuses()[0]?.paused ?? null);
    assert.equal(followed.stream.cursor(systemClock.monotonicMs(), 0), null);
    followed.full = false;
    await until("three entries", PATIENCE_MS, () => followed.kept.length === 3 ? true : null);
    await followed.stream.stop();
  });
});
