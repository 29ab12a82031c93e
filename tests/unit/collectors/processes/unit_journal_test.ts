import assert from "node:assert/strict";
import fc from "fast-check";
import {
  parseUnitEnd,
  UnitJournal,
  unitOf,
} from "../../../../collectors/processes/unit_journal.ts";

const EXIT = "98e322203f7a4ed290d09fe03c09fe15";
const FAILED = "d9b373ed55a64feb8242e02dbe79a49c";
const entry = (fields: Record<string, unknown>) => JSON.stringify(fields);

Deno.test("unitOf: the innermost service of a cgroup", () => {
  assert.equal(unitOf("/system.slice/nginx.service"), "nginx.service");
  assert.equal(unitOf("/system.slice/app@1.service/worker"), "app@1.service");
  assert.equal(
    unitOf("/user.slice/user-1.slice/user@1.service/app.slice/x.service"),
    "x.service",
  );
  for (const cgroup of [null, "/", "/docker/ab", "/a b.service", "/-x;rm.service"]) {
    assert.equal(unitOf(cgroup), null, String(cgroup));
  }
});

Deno.test("parseUnitEnd: status and result of the newest end", () => {
  const journal = [
    entry({ MESSAGE_ID: EXIT, EXIT_CODE: "exited", EXIT_STATUS: "1" }),
    entry({ MESSAGE_ID: FAILED, UNIT_RESULT: "exit-code" }),
    entry({ MESSAGE: "Started" }),
    "not json",
    entry({ MESSAGE_ID: EXIT, EXIT_CODE: "dumped", EXIT_STATUS: "SEGV", MESSAGE: [1, 2] }),
    entry({ MESSAGE_ID: FAILED, UNIT_RESULT: "core-dump" }),
  ].join("\n");
  assert.deepEqual(parseUnitEnd("a.service", journal), {
    unit: "a.service",
    status: { kind: "signalled", signal: "SIGSEGV", coreDumped: true },
    result: "core-dump",
  });
  assert.deepEqual(
    parseUnitEnd("a.service", entry({ MESSAGE_ID: EXIT, EXIT_CODE: "killed", EXIT_STATUS: "9" })),
    {
      unit: "a.service",
      status: { kind: "signalled", signal: "SIGKILL", coreDumped: false },
      result: null,
    },
  );
  assert.equal(parseUnitEnd("a.service", ""), null);
});

Deno.test("parseUnitEnd: random lines never make it throw", () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.json())), (lines) => {
    parseUnitEnd("a.service", lines.join("\n"));
  }));
});

Deno.test("UnitJournal: asks a program, and names it when it is not there or fails", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const program = `${folder}/journalctl`;
    const answer = entry({ MESSAGE_ID: EXIT, EXIT_CODE: "exited", EXIT_STATUS: "3" });
    await Deno.writeTextFile(
      program,
      `#!/bin/sh\ncase "$*" in *UNIT=a.service*) echo '${answer}';; *) exit 4;; esac\n`,
    );
    await Deno.chmod(program, 0o755);
    const journal = new UnitJournal(program);
    assert.deepEqual((await journal.ask("a.service", 0))?.status, { kind: "exited", code: 3 });
    assert.equal(journal.problem, null);
    assert.equal(await journal.ask("b.service", 0), null);
    assert.match(journal.problem ?? "", /exit code 4$/);
    const missing = new UnitJournal(`${folder}/none`);
    assert.equal(await missing.ask("a.service", 0), null);
    assert.match(missing.problem ?? "", /not there$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
