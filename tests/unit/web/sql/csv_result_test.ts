import assert from "node:assert/strict";
import fc from "fast-check";
import { csvResult } from "../../../../web/sql/csv_result.ts";
import { queryResult } from "../fake_web.ts";

function csv(columns: string[], rows: Parameters<typeof queryResult>[1]): string {
  return [...csvResult(queryResult(columns.map((name) => [name, "X"]), rows))].join("");
}

Deno.test("csvResult: quotes what needs it, tells NULL from empty, writes nested values as JSON", () => {
  assert.equal(
    csv(["a", 'b "x"', "a"], [
      [1, "plain", true],
      [null, "", "with,comma"],
      [1.5, 'say "hi"', "two\nlines"],
      [NaN, " padded", { k: [1, null] }],
      [Infinity, "cr\rhere", "9007199254740993"],
    ]),
    'a,"b ""x""",a_1\n' +
      "1,plain,true\n" +
      ',"","with,comma"\n' +
      '1.5,"say ""hi""","two\nlines"\n' +
      'NaN," padded","{""k"":[1,null]}"\n' +
      'Infinity,"cr\rhere",9007199254740993\n',
  );
});

Deno.test("csvResult: any text comes back from a reader that follows RFC 4180", () => {
  const cell = fc.oneof(fc.string(), fc.stringMatching(/^[",\r\n a]{0,6}$/));
  fc.assert(fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 5 }), (rows) => {
    assert.deepEqual(parseCsv(csv(["x", "y"], rows)).slice(1), rows);
  }));
});

/** A strict reader, written for this test. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field = "";
    if (text[at] === '"') {
      for (at++; !(text[at] === '"' && text[at + 1] !== '"'); at++) {
        if (text[at] === '"') at++;
        field += text[at];
      }
      at++;
    } else {
      for (; text[at] !== "," && text[at] !== "\n"; at++) field += text[at];
    }
    row.push(field);
    assert.ok(text[at] === "," || text[at] === "\n", `at ${at} of ${JSON.stringify(text)}`);
    if (text[at++] === "\n") {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}
