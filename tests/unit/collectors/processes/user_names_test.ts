import assert from "node:assert/strict";
import { join } from "node:path";
import { UserNames } from "../../../../collectors/processes/user_names.ts";
import { FakeTime } from "../fake_time.ts";
import { inTree } from "../fixture_trees.ts";

Deno.test("UserNames: names from the list, numbers for others", () => {
  const users = new UserNames(inTree("kernel-6", "etc"), () => 0);
  assert.equal(users.nameOf(1000), "app");
  assert.equal(users.nameOf(4242), "4242");
});

Deno.test("UserNames: reads the list again for a new user, but not all the time", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const time = new FakeTime(0);
    const users = new UserNames(folder, () => time.monotonicMs());
    assert.equal(users.nameOf(7), "7");
    Deno.writeTextFileSync(join(folder, "passwd"), "seven:x:7:7::/:/bin/sh\n");
    time.stall(59_999);
    assert.equal(users.nameOf(7), "7");
    time.stall(1);
    assert.equal(users.nameOf(7), "seven");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
