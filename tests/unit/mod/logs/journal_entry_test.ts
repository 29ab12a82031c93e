import assert from "node:assert/strict";
import fc from "fast-check";
import { readJournalEntry } from "../../../../mod/logs/journal_entry.ts";

Deno.test("readJournalEntry: fields become columns and attributes", () => {
  const read = readJournalEntry(JSON.stringify({
    "__CURSOR": "s=1;i=2",
    "__REALTIME_TIMESTAMP": "1772193600123456",
    "MESSAGE": "Started shop",
    "PRIORITY": "3",
    "SYSLOG_IDENTIFIER": "shopd",
    "_SYSTEMD_UNIT": "shop.service",
    "_PID": "4711",
    "_HOSTNAME": "web-1",
    "_EXE": "/usr/bin/shopd",
    "_BOOT_ID": "0",
    "CODE_LINE": "42",
  }));
  assert.equal(read?.cursor, "s=1;i=2");
  const { line } = read;
  assert.equal(line.body, "Started shop");
  assert.equal(line.tsUs, 1_772_193_600_123_456);
  assert.deepEqual([line.severity, line.severityNumber], ["err", 17]);
  assert.deepEqual([line.service, line.pid, line.host], ["shop", 4711, "web-1"]);
  assert.deepEqual(Object.fromEntries(line.attributes), {
    "systemd.unit": "shop.service",
    "process.executable.path": "/usr/bin/shopd",
    "journald.code_line": "42",
  });
});

Deno.test("readJournalEntry: bytes, several values, and what is none", () => {
  assert.equal(readJournalEntry('{"MESSAGE":[104,105,255]}')?.line.body, "hi\uFFFD");
  assert.equal(readJournalEntry('{"MESSAGE":["one","two"]}')?.line.body, "one");
  assert.equal(readJournalEntry('{"MESSAGE":null}')?.line.body, "");
  for (const text of ["", "[]", "null", "{"]) assert.equal(readJournalEntry(text), null, text);
  fc.assert(fc.property(fc.json(), (text) => void readJournalEntry(text)));
});
