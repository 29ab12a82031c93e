import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { launcherScript, PROLOGUE } from "../../../scripts/launcher.ts";
import { tarArchive } from "../../../mod/archive/tar_archive.ts";

/** Stands for the runtime: says how it was called and with what environment, and ends as told. */
const FAKE_RUNTIME = `#!/bin/sh
[ "$1" = cache ] && { mkdir "$DENO_DIR"; exit 0; }
[ "$HOLD" ] && sleep "$HOLD"
for argument; do echo "arg $argument"; done
echo "pid $$"
echo "name \${0##*/}"
echo "callers \${HORIZON_CALLER_DENO_DIR-none}"
exit 7
`;

const FILES = ["horizon", "main.js", "store_worker.js", "complete"];

/** A self-extracting executable around the fake runtime. */
function executable(id = "0123456789abcdef"): Uint8Array {
  const content = new TextEncoder().encode(FAKE_RUNTIME);
  const archive = tarArchive(FILES.map((path) => (
    path === "horizon"
      ? { path, content, executable: true }
      : { path, content: new Uint8Array(), executable: false }
  )));
  const head = launcherScript({ version: "1.2.3", id, files: FILES });
  return Uint8Array.from([...head, ...gzipSync(archive)]);
}

interface Run {
  code: number;
  out: string[];
  err: string;
  pid: number;
}

/** Starts the executable in `dir` with nothing but `env` in its environment. */
async function start(dir: string, env: Record<string, string>, args: string[] = []): Promise<Run> {
  const cwd = `${dir}/empty`;
  await Deno.mkdir(cwd, { recursive: true });
  const command = new Deno.Command(`${dir}/program`, {
    args,
    cwd,
    env,
    clearEnv: true,
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const { pid } = child;
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout).trim().split("\n"), err: text.decode(stderr), pid };
}

async function withProgram(
  content: Uint8Array,
  use: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "horizon-launcher-" });
  try {
    await Deno.writeFile(`${dir}/program`, content, { mode: 0o755 });
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("launcherScript: becomes the program, with its arguments, pid and exit code", async () => {
  await withProgram(executable(), async (dir) => {
    const run = await start(dir, { TMPDIR: dir }, ["a b", "", "$(c)"]);
    assert.equal(run.code, 7, run.err);
    const expected = [
      "arg a b",
      "arg ",
      "arg $(c)",
      `pid ${run.pid}`,
      "name horizon",
      "callers none",
    ];
    assert.deepEqual(run.out.slice(-6), expected);
    assert.equal(run.err, "");
  });
});

Deno.test("launcherScript: unpacks once, into a folder that only its user can enter", async () => {
  await withProgram(executable(), async (dir) => {
    const env = { HOME: `${dir}/a home` };
    await start(dir, env);
    const base = `${dir}/a home/.cache/horizon`;
    const main = `${base}/horizon-0123456789abcdef/main.js`;
    assert.equal(((await Deno.stat(base)).mode ?? 0) & 0o777, 0o700);
    await Deno.writeTextFile(main, "marked");
    assert.equal((await start(dir, env)).code, 7);
    assert.equal(await Deno.readTextFile(main), "marked");
    assert.deepEqual([...Deno.readDirSync(base)].map((e) => e.name), ["horizon-0123456789abcdef"]);
  });
});

Deno.test("launcherScript: starts that come together all run", async () => {
  await withProgram(executable(), async (dir) => {
    const runs = await Promise.all(
      Array.from({ length: 8 }, () => start(dir, { XDG_CACHE_HOME: dir })),
    );
    for (const run of runs) assert.equal(run.code, 7, run.err);
    const left = [...Deno.readDirSync(`${dir}/horizon`)].map((e) => e.name);
    assert.deepEqual(left, ["horizon-0123456789abcdef"]);
  });
});

Deno.test("launcherScript: a folder that lost a file is made whole again", async () => {
  await withProgram(executable(), async (dir) => {
    const env = { XDG_CACHE_HOME: dir };
    await start(dir, env);
    await Deno.remove(`${dir}/horizon/horizon-0123456789abcdef/store_worker.js`);
    assert.equal((await start(dir, env)).code, 7);
    assert.ok((await Deno.stat(`${dir}/horizon/horizon-0123456789abcdef/store_worker.js`)).isFile);
    assert.equal([...Deno.readDirSync(`${dir}/horizon`)].length, 1);
  });
});

Deno.test("launcherScript: a link in place of the cache folder is not followed", async () => {
  await withProgram(executable(), async (dir) => {
    await Deno.mkdir(`${dir}/elsewhere`);
    await Deno.symlink(`${dir}/elsewhere`, `${dir}/horizon`);
    const run = await start(dir, { XDG_CACHE_HOME: dir, HOME: `${dir}/home` });
    assert.equal(run.code, 7, run.err);
    assert.deepEqual([...Deno.readDirSync(`${dir}/elsewhere`)], []);
    assert.ok((await Deno.stat(`${dir}/home/.cache/horizon`)).isDirectory);
  });
});

Deno.test("launcherScript: a folder that others could replace is not used", async () => {
  await withProgram(executable(), async (dir) => {
    await Deno.mkdir(`${dir}/shared/cache`, { recursive: true });
    await Deno.chmod(`${dir}/shared`, 0o777);
    const env = { XDG_CACHE_HOME: `${dir}/shared/cache`, HOME: `${dir}/home` };
    assert.equal((await start(dir, env)).code, 7);
    assert.ok((await Deno.stat(`${dir}/home/.cache/horizon`)).isDirectory);
    await Deno.remove(`${dir}/home`, { recursive: true });
    // As in /tmp: with the sticky bit, only the owner can.
    await Deno.chmod(`${dir}/shared`, 0o1777);
    assert.equal((await start(dir, env)).code, 7);
    assert.ok(
      (await Deno.stat(`${dir}/shared/cache/horizon/horizon-0123456789abcdef`)).isDirectory,
    );
  });
});

Deno.test("launcherScript: a truncated executable is refused, and leaves nothing behind", async () => {
  const whole = executable();
  await withProgram(whole.slice(0, whole.length - 20), async (dir) => {
    const run = await start(dir, { XDG_CACHE_HOME: dir });
    assert.equal(run.code, 1);
    assert.match(run.err, /program is damaged/);
    assert.deepEqual([...Deno.readDirSync(`${dir}/horizon`)], []);
  });
});

Deno.test("launcherScript: the caller's cache variable is handed on under another name", async () => {
  await withProgram(executable(), async (dir) => {
    const run = await start(dir, { XDG_CACHE_HOME: dir, DENO_DIR: "/the/callers own" });
    assert.equal(run.out.at(-1), "callers /the/callers own");
  });
});

Deno.test("launcherScript: old versions that do not run are forgotten when a new one unpacks", async () => {
  await withProgram(executable(), async (dir) => {
    const base = `${dir}/horizon`;
    const old = new Date(Date.now() - 40 * 86_400_000);
    for (const name of ["horizon-old", "horizon-recent", ".unpacking-1-1", "someone-else"]) {
      await Deno.mkdir(`${base}/${name}`, { recursive: true });
      if (name !== "horizon-recent") await Deno.utime(`${base}/${name}`, old, old);
    }
    assert.equal((await start(dir, { XDG_CACHE_HOME: dir })).code, 7);
    const left = [...Deno.readDirSync(base)].map((e) => e.name).sort();
    assert.deepEqual(left, ["horizon-0123456789abcdef", "horizon-recent", "someone-else"]);
  });
});

Deno.test("launcherScript: refuses names that a shell could take for more", () => {
  const files = ["main.js", "$(rm -rf x)"];
  assert.throws(() => launcherScript({ version: "1", id: "0123456789abcdef", files }), RangeError);
  assert.throws(() => launcherScript({ version: "1", id: "not a hash", files: [] }), RangeError);
});

Deno.test("PROLOGUE: the program sees the caller's environment", async () => {
  const show = 'console.log(JSON.stringify([Deno.env.get("DENO_DIR") ?? null,' +
    ' Deno.env.has("DENO_NO_UPDATE_CHECK"), Object.keys(Deno.env.toObject()).some((n) => n.startsWith("HORIZON_CALLER"))]))';
  const run = async (env: Record<string, string>): Promise<unknown> => {
    const file = await Deno.makeTempFile({ suffix: ".js" });
    try {
      await Deno.writeTextFile(file, PROLOGUE + show);
      const args = ["run", "--allow-env", "--no-config", file];
      const { stdout } = await new Deno.Command(Deno.execPath(), { args, env }).output();
      return JSON.parse(new TextDecoder().decode(stdout));
    } finally {
      await Deno.remove(file);
    }
  };
  const dir = await Deno.makeTempDir();
  try {
    const set = { DENO_DIR: dir, DENO_NO_UPDATE_CHECK: "1" };
    assert.deepEqual(await run(set), [null, false, false]);
    const callers = {
      ...set,
      HORIZON_CALLER_DENO_DIR: "/callers",
      HORIZON_CALLER_DENO_NO_UPDATE_CHECK: "",
    };
    assert.deepEqual(await run(callers), ["/callers", true, false]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
