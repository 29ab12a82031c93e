import assert from "node:assert/strict";
import type { StoreOptions } from "../../storage/messages.ts";
import { KEY_REFUSED } from "../../mod/intern/attribute_keys.ts";
import { CoreFixture } from "../support/core_fixture.ts";
import { pushSpan } from "../support/store_fixture.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 4, 4, 10);
const BOMB = 65_000;
const KEYS_A_SPAN = 100;

/** Appends a span with these attributes, as of the fixture's clock. */
function append(fixture: CoreFixture, name: string, attributes: Record<string, string>): void {
  pushSpan(fixture.spans, fixture.registries, {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name,
    tsUs: fixture.nowMs * 1000,
    attributes,
  });
  fixture.append();
}

/** Every key that there is room for, in spans of an attribute each. */
function bomb(fixture: CoreFixture): void {
  const { attributeKeys } = fixture.registries;
  for (let next = 1; attributeKeys.size < BOMB;) {
    const attributes: Record<string, string> = {};
    for (let i = 0; i < KEYS_A_SPAN && attributeKeys.size + i < BOMB; i++) {
      attributes[`bomb.${next}`] = `${next++}`;
    }
    pushSpan(fixture.spans, fixture.registries, {
      traceId: "1af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      name: "bomb",
      tsUs: fixture.nowMs * 1000,
      attributes,
    });
  }
  fixture.append();
  assert.equal(attributeKeys.idOf("new.key"), KEY_REFUSED);
}

/** Forgets every key but those given. */
function forgetBomb(fixture: CoreFixture, used: readonly string[]): void {
  const { attributeKeys } = fixture.registries;
  const ids = Uint16Array.from(used.map((key) => attributeKeys.idOf(key)));
  attributeKeys.touch(ids, fixture.nowMs);
  attributeKeys.forgetIdle(fixture.nowMs);
}

/** Tells the store what was forgotten, lets it free what it can, and hears of it with the next append. */
function settle(fixture: CoreFixture): void {
  fixture.append();
  fixture.advanceTo(fixture.nowMs);
  fixture.append();
}

const NAMES = `SELECT name, attributes FROM spans WHERE name <> 'bomb' ORDER BY ts, name`;
const BOMBS = `SELECT count(*), sum(len(map_keys(attributes))),
  bool_and(list_bool_and(list_transform(map_entries(attributes), x -> x.key = 'bomb.' || x.value)))
  FROM spans WHERE name = 'bomb'`;

Deno.test("attribute keys: after a bomb new ones are taken again, once no row refers to the old", async () => {
  const fixture = await CoreFixture.open(START_MS);
  append(fixture, "before", { "http.route": "/a" });
  bomb(fixture);
  const bombs = fixture.rows(BOMBS);
  assert.deepEqual(bombs, [[650, BOMB - 1, true]]);
  fixture.nowMs += 10 * 60_000;
  keepsWhatIsUsed(fixture);
  fixture.nowMs = START_MS + 3 * HOUR_MS;
  forgetBomb(fixture, ["http.route"]);
  assert.equal(fixture.registries.attributeKeys.size, 1);
  fixture.append();
  // The open chunk refers to them.
  assert.equal(fixture.registries.attributeKeys.idOf("new.key"), KEY_REFUSED);
  // Sealed, rows have the keys themselves.
  settle(fixture);
  append(fixture, "after", { "http.route": "/b", "new.key": "1", "newer.key": "2" });
  const expected = [
    ["before", { "http.route": "/a" }],
    ["after", { "http.route": "/b", "new.key": "1", "newer.key": "2" }],
  ];
  assert.deepEqual(fixture.rows(NAMES), expected);
  assert.deepEqual(fixture.rows(BOMBS), bombs);
  fixture.advanceTo(fixture.nowMs + 2 * HOUR_MS);
  assert.deepEqual(fixture.rows(NAMES), expected);
});

/** What was used a moment ago is not forgotten. */
function keepsWhatIsUsed(fixture: CoreFixture): void {
  const { attributeKeys } = fixture.registries;
  const everything = Uint16Array.from({ length: BOMB }, (_, i) => i + 1);
  attributeKeys.touch(everything, fixture.nowMs);
  attributeKeys.forgetIdle(fixture.nowMs);
  assert.equal(attributeKeys.size, BOMB);
}

Deno.test("attribute keys: with a data directory only once the files are gone, and starts tell them apart", async () => {
  const path = await Deno.makeTempDir();
  const options: Partial<StoreOptions> = {
    disk: { path, fsync: "on_close", budgetBytes: 2 ** 30 },
  };
  const restart = async (fixture: CoreFixture) => {
    fixture.core.close();
    return await CoreFixture.open(fixture.nowMs, options);
  };
  try {
    const first = await CoreFixture.open(START_MS, options);
    append(first, "before", { "http.route": "/a" });
    bomb(first);
    first.nowMs = START_MS + 3 * HOUR_MS;
    forgetBomb(first, ["http.route"]);
    settle(first);
    // Sealed, but a start would read the numbers from the file.
    assert.equal(first.registries.attributeKeys.idOf("new.key"), KEY_REFUSED);

    const second = await restart(first);
    assert.deepEqual(second.rows(BOMBS), [[650, BOMB - 1, true]]);
    assert.equal(second.registries.attributeKeys.idOf("new.key"), KEY_REFUSED);
    append(second, "kept", { "http.route": "/kept" });
    second.nowMs += 3 * HOUR_MS;
    forgetBomb(second, ["http.route"]);
    // Retention passes over the bomb, not over the row after it.
    second.nowMs = START_MS + 26 * HOUR_MS;
    append(second, "still", { "http.route": "/still" });
    settle(second);
    append(second, "after", { "new.key": "1" });
    const names = [
      ["kept", { "http.route": "/kept" }],
      ["after", { "new.key": "1" }],
      ["still", { "http.route": "/still" }],
    ];
    assert.deepEqual(second.rows(NAMES), names);

    // A number that was given again has its new key, one that was not is free.
    const third = await restart(second);
    assert.deepEqual(third.rows(NAMES), names);
    settle(third);
    append(third, "third", { "third.key": "3", "http.route": "/c" });
    const fourth = await restart(third);
    assert.deepEqual(fourth.rows(NAMES).filter(([name]) => name === "third"), [
      ["third", { "third.key": "3", "http.route": "/c" }],
    ]);
    assert.deepEqual(fourth.rows(NAMES).filter(([name]) => name !== "third"), names);

    // A row whose key has lost its definition does not pass for one of the key before, or of the next.
    settle(fourth);
    append(fourth, "cut", { "cut.key": "4" });
    fourth.core.close();
    const definitions = `${path}/definitions.log`;
    await Deno.truncate(definitions, (await Deno.stat(definitions)).size - 3);
    const fifth = await CoreFixture.open(fourth.nowMs, options);
    settle(fifth);
    append(fifth, "fifth", { "fifth.key": "5" });
    const cut = JSON.stringify(fifth.rows(`SELECT attributes FROM spans WHERE name = 'cut'`));
    assert.match(cut, /^\[\[\{"lost_attribute_\d+":"4"\}\]\]$/);
    fifth.core.close();
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});
