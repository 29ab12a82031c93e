import assert from "node:assert/strict";
import { HEADER_BYTES, scanFrames } from "../../storage/frame_log.ts";
import { CoreFixture } from "../support/core_fixture.ts";
import { pushSpan } from "../support/store_fixture.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 4, 4, 10);
/** So small that what is loaded must be sealed before the start has read everything. */
const TIGHT_BYTES = 48 * 1024 * 1024;

/** Kind of their frames in the file of definitions. */
const ATTRIBUTE_KEYS = 2;

const SEEN = "SELECT name, attributes, count(*) FROM spans GROUP BY ALL ORDER BY name";

/** Spans of three hours, each with a key of its own and of a frame of definitions of its own. */
async function fill(path: string): Promise<void> {
  const fixture = await CoreFixture.open(START_MS, {
    disk: { path, fsync: "on_close", budgetBytes: 1e9 },
  });
  for (const [hour, key] of ["first", "second", "third"].entries()) {
    fixture.nowMs = START_MS + hour * HOUR_MS;
    for (let part = 0; part < 6; part++) {
      for (let i = 0; i < 10_000; i++) {
        pushSpan(fixture.spans, fixture.registries, {
          traceId: "0af7651916cd43dd8448eb211c80319c",
          spanId: "b7ad6b7169203331",
          name: key,
          tsUs: fixture.nowMs * 1000 + i,
          attributes: { [key]: text(key) },
        });
      }
      fixture.append();
    }
  }
  fixture.core.close();
}

/** Turns over a byte in the definition of the first key; the definitions that follow stay whole. */
function damageFirstKey(path: string): void {
  const file = `${path}/definitions.log`;
  const bytes = Deno.readFileSync(file);
  let at = 0;
  for (const { kind, rows, payload } of scanFrames(bytes).frames) {
    if (kind === ATTRIBUTE_KEYS && rows > 0) {
      const middle = at + HEADER_BYTES + (payload.length >> 1);
      bytes[middle] = bytes[middle]! ^ 0xff;
      Deno.writeFileSync(file, bytes);
      return;
    }
    at += HEADER_BYTES + payload.length;
  }
  assert.fail("there is no frame of attribute keys");
}

/** What is found after a start with little memory. */
async function seenWhenTight(path: string): Promise<unknown[][]> {
  const fixture = await CoreFixture.open(START_MS + 2 * HOUR_MS, {
    budgetBytes: TIGHT_BYTES,
    disk: { path, fsync: "on_close", budgetBytes: 1e9 },
  });
  try {
    // Otherwise this tests nothing.
    const { signals } = fixture.core.stats();
    const spans = signals.find(({ signal }) => signal === "spans");
    assert.ok((spans?.sealed.chunks ?? 0) > 0, JSON.stringify(signals));
    return fixture.rows(SEEN);
  } finally {
    fixture.core.close();
  }
}

const text = (key: string) => `${key} value of a span, long enough to take some room`;

for (const lost of [false, true]) {
  const also = lost ? ", also where a key was lost" : "";
  Deno.test(`recovery: seals on the way where memory is tight${also}`, async () => {
    const path = await Deno.makeTempDir({ prefix: "horizon-tight-" });
    try {
      await fill(path);
      if (lost) damageFirstKey(path);
      const first = lost ? "lost_attribute_1" : "first";
      assert.deepEqual(await seenWhenTight(path), [
        ["first", { [first]: text("first") }, 60_000],
        ["second", { second: text("second") }, 60_000],
        ["third", { third: text("third") }, 60_000],
      ]);
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  });
}
