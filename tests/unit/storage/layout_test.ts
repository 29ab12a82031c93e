import assert from "node:assert/strict";
import { HorizonError } from "../../../mod/errors.ts";
import { LAYOUT_VERSION, layoutVersion, upgradeLayout } from "../../../storage/layout.ts";

function withFolder(test: (path: string) => void): void {
  const path = Deno.makeTempDirSync({ prefix: "horizon-layout-" });
  try {
    test(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

/** Steps that note that they ran. */
const noting = (ran: number[]) =>
  [1, 2, 3].map((from) => ({ from, run: () => void ran.push(from) }));

Deno.test("upgradeLayout: a new directory gets the newest version and runs no step", () => {
  withFolder((path) => {
    const ran: number[] = [];
    upgradeLayout(path, noting(ran));
    assert.deepEqual(ran, []);
    assert.equal(layoutVersion(path, 4), 4);
  });
});

Deno.test("upgradeLayout: runs each step once, in order, from the version that is there", () => {
  withFolder((path) => {
    Deno.writeTextFileSync(`${path}/horizon.json`, '{"schema_version":1}\n');
    const ran: number[] = [];
    upgradeLayout(path, noting(ran).slice(0, 1));
    assert.equal(layoutVersion(path), 2);
    upgradeLayout(path, noting(ran));
    upgradeLayout(path, noting(ran));
    assert.deepEqual(ran, [1, 2, 3]);
  });
});

Deno.test("upgradeLayout: what stopped at a step goes on with that step", () => {
  withFolder((path) => {
    Deno.writeTextFileSync(`${path}/horizon.json`, '{"schema_version":1}\n');
    const ran: number[] = [];
    const [first, second, third] = noting(ran);
    const stuck = {
      from: 2,
      run: () => {
        throw new Error("no space");
      },
    };
    assert.throws(() => upgradeLayout(path, [first!, stuck, third!]), /no space/);
    assert.equal(layoutVersion(path, 4), 2);
    upgradeLayout(path, [first!, second!, third!]);
    assert.deepEqual(ran, [1, 2, 3]);
  });
});

Deno.test("layoutVersion: a newer version is refused by name", () => {
  withFolder((path) => {
    upgradeLayout(path, noting([]));
    assert.throws(
      () => layoutVersion(path),
      (error) =>
        error instanceof HorizonError && error.code === "invalid_argument" &&
        error.message.includes(`(layout 4, this one knows ${LAYOUT_VERSION})`),
    );
  });
});

Deno.test("layoutVersion: no damage passes for a newer version", () => {
  withFolder((path) => {
    upgradeLayout(path);
    const whole = Deno.readFileSync(`${path}/horizon.json`);
    for (let at = 0; at < whole.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = whole.slice();
        damaged[at] = damaged[at]! ^ (1 << bit);
        Deno.writeFileSync(`${path}/horizon.json`, damaged);
        assert.ok((layoutVersion(path) ?? 1) <= LAYOUT_VERSION, `bit ${bit} of byte ${at}`);
      }
      Deno.writeFileSync(`${path}/horizon.json`, whole.slice(0, at));
      assert.ok((layoutVersion(path) ?? 1) <= LAYOUT_VERSION, `cut at ${at}`);
    }
  });
});
