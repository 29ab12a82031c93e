import assert from "node:assert/strict";
import { tableFromIPC } from "apache-arrow";
import { loadDuckDb, TOKEN_TYPE } from "../../../storage/duckdb_module.ts";

Deno.test("loadDuckDb: the slimmed engine answers, lexes, polls and cancels", async () => {
  const db = await loadDuckDb();
  db.open({ query: { queryPollingInterval: 5 } });
  const connection = db.connect();
  try {
    connection.useUnsafe((bindings, id) => {
      const answer = tableFromIPC(bindings.runQuery(id, "SELECT sum(x) AS s FROM range(101) t(x)"));
      assert.equal(String(answer.toArray()[0]?.["s"]), "5050");
      assert.throws(() => bindings.runQuery(id, "SELECT nonsense"), /nonsense/);

      const slow = "SELECT sum(a.range * b.range) FROM range(100000) a, range(100000) b";
      assert.equal(bindings.startPendingQuery(id, slow, true), null);
      assert.equal(bindings.pollPendingQuery(id), null);
      assert.equal(bindings.cancelPendingQuery(id), true);
      assert.throws(() => bindings.pollPendingQuery(id), /cancel/);
    });
    const { types } = db.tokenize("SELECT 'a;b' -- note");
    assert.deepEqual(types, [TOKEN_TYPE.keyword, TOKEN_TYPE.string]);
  } finally {
    connection.close();
  }
});
