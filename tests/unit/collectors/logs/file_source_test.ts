import assert from "node:assert/strict";
import fc from "fast-check";
import { LinePattern } from "../../../../mod/logs/line_pattern.ts";
import { parsePathPattern } from "../../../../mod/logs/path_pattern.ts";
import { FollowedFiles, withFiles } from "./followed_files.ts";

/** Longer than what tells a file from another. */
const LONG = "a first line that is long enough to be known again\n";

Deno.test("FileSource: follows what is written, whole lines only", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", "one\ntwo\nthr");
    await files.start();
    assert.deepEqual(files.bodies, ["one", "two"]);
    files.write("app.log", "ee\n\nfour\n");
    await files.pass(250);
    assert.deepEqual(files.bodies, ["one", "two", "three", "four"]);
    const [record] = files.kept;
    assert.equal(record?.source, files.path("app.log"));
    assert.equal(record?.service, "app");
    const [status] = files.sources.statuses();
    assert.equal(status?.kind, "file");
    assert.equal(status?.signals.logs?.accepted, 4);
    assert.equal(status?.lagMs, 0);
  });
});

Deno.test("FileSource: starts at the end of files that were there, at the beginning of later ones", async () => {
  await withFiles(new FollowedFiles("*.log", { startAt: "end" }), async (files) => {
    files.write("old.log", "before\n");
    await files.start();
    files.write("old.log", "after\n");
    files.write("new.log", "first\n");
    await files.pass(2_000);
    assert.deepEqual(files.bodies.toSorted(), ["after", "first"]);
  });
});

Deno.test("FileSource: passes over compressed files, folders and pipes, follows links", async () => {
  await withFiles(new FollowedFiles("*.log*"), async (files) => {
    files.write("app.log.1.gz", "compressed\n");
    Deno.mkdirSync(files.path("folder.log"));
    new Deno.Command("mkfifo", { args: [files.path("pipe.log")] }).outputSync();
    files.write("target", "linked\n");
    Deno.symlinkSync(files.path("target"), files.path("link.log"));
    Deno.symlinkSync(files.path("nowhere"), files.path("dangling.log"));
    Deno.symlinkSync(files.path("target"), files.path("twice.log"));
    await files.start();
    await files.pass(1_000);
    assert.deepEqual(files.bodies, ["linked"]);
  });
});

Deno.test("FileSource: a file renamed away is read to its end, also a last line without an end", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", "one\n");
    await files.start();
    Deno.renameSync(files.path("app.log"), files.path("app.log.1"));
    files.write("app.log.1", "two\nthree");
    files.write("app.log", "four\n");
    await files.pass(2_000);
    assert.deepEqual(files.bodies.toSorted(), ["four", "one", "two"]);
    assert.equal(files.source.stats.rotations, 1);
    await files.pass(12_000);
    assert.deepEqual(files.bodies.toSorted(), ["four", "one", "three", "two"]);
    assert.equal(files.source.stats.files.length, 1);
  });
});

Deno.test("FileSource: two rotations between two looks lose nothing", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", "one\n");
    files.write("app.log.9", "from before, not ours\n");
    await files.start();
    for (const line of ["two", "three"]) {
      if (line === "three") Deno.renameSync(files.path("app.log.1"), files.path("app.log.2"));
      Deno.renameSync(files.path("app.log"), files.path("app.log.1"));
      files.write("app.log", `${line}\n`);
    }
    await files.pass(2_000);
    assert.deepEqual(files.bodies.toSorted(), ["one", "three", "two"]);
  });
});

Deno.test("FileSource: a file that is removed is let go", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", "one\n");
    await files.start();
    Deno.removeSync(files.path("app.log"));
    await files.pass(13_000);
    assert.equal(files.source.stats.files.length, 0);
    assert.equal(files.sources.statuses().length, 0);
    files.write("app.log", "two\n");
    await files.pass(2_000);
    assert.deepEqual(files.bodies, ["one", "two"]);
  });
});

Deno.test("FileSource: copied and cut off, what was not read yet is read in the copy", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", LONG);
    await files.start();
    files.write("app.log", "two\n");
    Deno.copyFileSync(files.path("app.log"), files.path("app.log.1"));
    Deno.truncateSync(files.path("app.log"));
    files.write(
      "app.log",
      "three, which makes it longer than the place where reading was before\n",
    );
    await files.pass(2_000);
    assert.deepEqual(files.bodies.slice(1).toSorted(), [
      "three, which makes it longer than the place where reading was before",
      "two",
    ]);
    assert.equal(files.source.stats.files.find(({ rotated }) => !rotated)?.truncations, 1);
  });
});

Deno.test("FileSource: a copy that the wildcards match is not read again from its beginning", async () => {
  await withFiles(new FollowedFiles("app.log*"), async (files) => {
    files.write("app.log", LONG);
    await files.start();
    Deno.copyFileSync(files.path("app.log"), files.path("app.log.1"));
    await files.pass(1_000);
    Deno.truncateSync(files.path("app.log"));
    await files.pass(2_000);
    assert.equal(files.bodies.length, 1);
  });
});

Deno.test("FileSource: a file cut off under a writer that does not notice has NULs in front", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", LONG);
    await files.start();
    Deno.writeFileSync(files.path("app.log"), new Uint8Array(LONG.length));
    files.write("app.log", "two\n");
    await files.pass(250);
    assert.deepEqual(files.bodies.slice(1), ["two"]);
  });
});

Deno.test("FileSource: after a restart it goes on where it was", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", "one\ntwo\n");
    await files.start();
    await files.restart(true, () => files.write("app.log", "three\n"));
    assert.deepEqual(files.bodies, ["one", "two", "three"]);
    assert.equal(files.source.stats.files[0]?.repeated, 0);
  });
});

Deno.test("FileSource: what may not have reached the disk comes again after a kill, and is counted", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    await files.start();
    files.write("app.log", "settled\n");
    await files.pass(1_250);
    files.source.positions(2_000);
    await files.pass(2_000);
    files.write("app.log", "young\n");
    await files.pass(250);
    await files.restart(false, () => files.write("app.log", "new\n"));
    assert.deepEqual(files.bodies, ["settled", "young", "young", "new"]);
    assert.equal(files.source.stats.files[0]?.repeated, 1);
  });
});

Deno.test("FileSource: rotations while it is down are followed", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", "one\n");
    await files.start();
    await files.restart(true, () => {
      files.write("app.log", "two\n");
      Deno.renameSync(files.path("app.log"), files.path("app.log.2"));
      files.write("app.log.1", "three\n");
      files.write("app.log", "four\n");
      // As if some time had passed.
      Deno.utimeSync(files.path("app.log.1"), new Date(), new Date(Date.now() + 5_000));
    });
    await files.pass(1_000);
    assert.deepEqual(files.bodies.toSorted(), ["four", "one", "three", "two"]);
    assert.equal(files.source.stats.lostFiles, 0);
  });
});

Deno.test("FileSource: copied and cut off while it is down, the copy is read on", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", LONG);
    await files.start();
    await files.restart(true, () => {
      files.write("app.log", "two\n");
      Deno.copyFileSync(files.path("app.log"), files.path("app.log.1"));
      Deno.truncateSync(files.path("app.log"));
      files.write("app.log", "three\n");
    });
    await files.pass(1_000);
    assert.deepEqual(files.bodies.slice(1).toSorted(), ["three", "two"]);
  });
});

Deno.test("FileSource: copied and cut off before anything of it was on disk, then killed, the copy is read", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", LONG);
    await files.start();
    files.write("app.log", "two\n");
    await files.pass(250);
    const old = Deno.statSync(files.path("app.log")).mtime;
    await files.restart(false, () => {
      files.write("app.log", "three\n");
      Deno.copyFileSync(files.path("app.log"), files.path("app.log.1"));
      // The copy is older than what was written down last.
      Deno.utimeSync(files.path("app.log.1"), old ?? 0, old ?? 0);
      Deno.truncateSync(files.path("app.log"));
      files.write("app.log", "four\n");
    });
    await files.pass(1_000);
    assert.deepEqual(
      new Set(files.bodies.slice(2)),
      new Set([LONG.trim(), "two", "three", "four"]),
    );
  });
});

Deno.test("FileSource: a file that is gone after a restart is counted", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.write("app.log", "one\n");
    await files.start();
    await files.restart(true, () => Deno.removeSync(files.path("app.log")));
    assert.equal(files.source.stats.lostFiles, 1);
  });
});

Deno.test("FileSource: with damaged positions it reads from the beginning rather than leave out", async () => {
  await withFiles(new FollowedFiles("app.log", { startAt: "end" }), async (files) => {
    files.write("app.log", "one\n");
    await files.start({ kind: "damaged", problem: "torn" });
    assert.deepEqual(files.bodies, ["one"]);
  });
});

Deno.test("FileSource: waits while the store has no room, then goes on, and tells", async () => {
  await withFiles(new FollowedFiles("app.log"), async (files) => {
    files.full = true;
    files.write("app.log", "one\n");
    await files.start();
    assert.deepEqual(files.bodies, []);
    const paused = () => files.sources.statuses()[0]?.paused ?? null;
    assert.equal(paused(), "no room");
    files.full = false;
    files.write("app.log", "two\n");
    await files.pass(1_250);
    assert.deepEqual(files.bodies, ["one", "two"]);
    assert.equal(paused(), null);
  });
});

Deno.test("FileSource: a stack trace is one record, and the last one is given out after its time", async () => {
  const multiline = {
    start: null,
    continuation: new LinePattern("\\s"),
    maxLines: 100,
    maxBytes: 10_000,
  };
  await withFiles(new FollowedFiles("app.log", { multiline }), async (files) => {
    files.write("app.log", "one\nboom\n  at a\n");
    await files.start();
    assert.deepEqual(files.bodies, ["one"]);
    files.write("app.log", "  at b\n");
    await files.pass(500);
    assert.deepEqual(files.bodies, ["one"]);
    await files.pass(1_500);
    assert.deepEqual(files.bodies, ["one", "boom\n  at a\n  at b"]);
  });
});

Deno.test("FileSource: long lines come in pieces, broken UTF-8 is replaced, both counted", async () => {
  await withFiles(new FollowedFiles("app.log", {}, { maxLineBytes: 1_000 }), async (files) => {
    files.write("app.log", `${"x".repeat(2_500)}\n`);
    Deno.writeFileSync(files.path("app.log"), new Uint8Array([0xff, 0x61, 0x0a]), { append: true });
    await files.start();
    assert.deepEqual(files.bodies.map(({ length }) => length), [1_000, 1_000, 500, 2]);
    const [state] = files.source.stats.files;
    assert.equal(state?.splitLines, 1);
    assert.equal(state?.repairedLines, 1);
  });
});

Deno.test("FileSource: files past the bound are left out and counted", async () => {
  await withFiles(new FollowedFiles("*.log", {}, { maxFiles: 2 }), async (files) => {
    for (const name of ["a.log", "b.log", "c.log"]) files.write(name, `${name}\n`);
    await files.start();
    assert.deepEqual(files.bodies.toSorted(), ["a.log", "b.log"]);
    assert.equal(files.source.stats.leftOut, 1);
  });
});

Deno.test("FileSource: excluded files are not read", async () => {
  const exclude = parsePathPattern("/**/debug*") ?? [];
  await withFiles(new FollowedFiles("*.log", { exclude }), async (files) => {
    files.write("debug.log", "no\n");
    files.write("app.log", "yes\n");
    await files.start();
    assert.deepEqual(files.bodies, ["yes"]);
  });
});

Deno.test("FileSource: a file belongs to the service whose process writes it", async () => {
  const path = Deno.makeTempFileSync({ suffix: ".log" });
  const writer = new Deno.Command("sh", {
    args: ["-c", 'exec 3>>"$0"; echo hello >&3; read _', path],
    stdin: "piped",
    stdout: "null",
  }).spawn();
  const processes = () => [
    { pid: writer.pid, service: "writer", exitedAtMs: null },
    { pid: Deno.pid, service: "reader", exitedAtMs: null },
  ];
  const files = new FollowedFiles("unused", {
    patterns: parsePathPattern(path) ?? [],
    service: "",
  }, { processes });
  try {
    await files.start();
    // Its process may not have opened the file yet: look until it has.
    for (let i = 0; i < 200 && files.source.stats.files[0]?.pid !== writer.pid; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await files.pass(16_000);
    }
    assert.equal(files.source.stats.files[0]?.service, "writer");
    assert.equal(files.source.stats.files[0]?.pid, writer.pid);
  } finally {
    await writer.stdin.close();
    await writer.status;
    await files.remove();
    Deno.removeSync(path);
  }
});

Deno.test("FileSource: whatever happens to the file and to Horizon, every line arrives", async () => {
  const steps = fc.array(
    fc.constantFrom("write", "write", "write", "rename", "copytruncate", "pass", "restart", "kill"),
    { minLength: 5, maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      await withFiles(new FollowedFiles("app.log"), async (files) => {
        let lines = 0;
        let generation = 0;
        // Each is longer than the one before: no two files have the same size by chance.
        const write = () =>
          files.write("app.log", `line ${++lines} ${"x".repeat(40 + lines * 40)}\n`);
        const shift = () => {
          for (let i = generation; i > 0; i--) {
            Deno.renameSync(files.path(`app.log.${i}`), files.path(`app.log.${i + 1}`));
          }
          generation++;
        };
        write();
        await files.start();
        for (const step of all) {
          if (step === "write") write();
          else if (step === "pass") await files.pass(1_250);
          else if (step === "restart") await files.restart(true, write);
          else if (step === "kill") await files.restart(false, write);
          else {
            shift();
            if (step === "rename") Deno.renameSync(files.path("app.log"), files.path("app.log.1"));
            else {
              Deno.copyFileSync(files.path("app.log"), files.path("app.log.1"));
              Deno.truncateSync(files.path("app.log"));
            }
            write();
            // Files that are cut off twice between two looks have only one copy that is known.
            await files.pass(1_250);
          }
        }
        await files.pass(2_500);
        const seen = new Set(files.bodies.map((body) => Number(body.split(" ")[1])));
        assert.deepEqual(
          [...seen].sort((a, b) => a - b),
          Array.from({ length: lines }, (_, i) => i + 1),
        );
      });
    }),
    { numRuns: 25 },
  );
});
