import assert from "node:assert/strict";
import {
  parseArguments,
  parseCgroup,
  parseIo,
  parseOpenFilesLimit,
  parsePasswd,
  parsePss,
  parseStatus,
  programName,
} from "../../../../collectors/processes/process_files.ts";
import { textOf } from "../fixture_trees.ts";

Deno.test("parseStatus: effective user and context switches", () => {
  assert.deepEqual(parseStatus(textOf("kernel-6", "proc/102/status")), {
    uid: 4242,
    voluntarySwitches: 1234,
    involuntarySwitches: 56,
  });
  assert.equal(parseStatus("Uid:\t1000\t0\t0\t0\n").uid, 0, "of a program that runs as root");
});

Deno.test("parseStatus: what is missing is null", () => {
  assert.deepEqual(parseStatus(""), {
    uid: null,
    voluntarySwitches: null,
    involuntarySwitches: null,
  });
  assert.equal(parseStatus(textOf("damaged", "proc/5/status")).uid, null);
});

Deno.test("parseIo: bytes of storage, not of reads that a cache served", () => {
  assert.deepEqual(parseIo(textOf("kernel-6", "proc/100/io")), {
    readBytes: 4096,
    writeBytes: 8192,
  });
  assert.equal(parseIo(textOf("damaged", "proc/5/io")), null);
});

Deno.test("parseOpenFilesLimit: the soft limit; unlimited is null", () => {
  assert.equal(parseOpenFilesLimit(textOf("kernel-6", "proc/100/limits")), 1024);
  assert.equal(parseOpenFilesLimit(textOf("damaged", "proc/5/limits")), null);
  assert.equal(parseOpenFilesLimit(""), null);
});

Deno.test("parsePss: bytes", () => {
  assert.equal(parsePss(textOf("kernel-6", "proc/100/smaps_rollup")), 9000 * 1024);
  assert.equal(parsePss(""), null);
});

Deno.test("parseArguments: ends at NUL; padding is cut, empty arguments within stay", () => {
  assert.deepEqual(parseArguments("a\0-b\0\0c\0"), ["a", "-b", "", "c"]);
  assert.deepEqual(parseArguments("nginx: master\0\0\0\0"), ["nginx: master"]);
  assert.deepEqual(parseArguments("no end"), ["no end"]);
  assert.deepEqual(parseArguments(""), []);
});

Deno.test("parseCgroup: the unified hierarchy, or what is used in its place", () => {
  assert.equal(parseCgroup("0::/system.slice/app.service\n"), "/system.slice/app.service");
  assert.equal(parseCgroup("4:memory:/m\n1:name=systemd:/s\n0::/\n"), "/s");
  assert.equal(parseCgroup("4:memory:/m\n1:name=systemd:/\n"), "/m");
  assert.equal(parseCgroup("0::/\n"), "/");
  assert.equal(parseCgroup("3:cpu,cpuacct:/x:y\n"), "/x:y");
  assert.equal(parseCgroup("garbage\n"), null);
  assert.equal(parseCgroup(""), null);
});

Deno.test("parsePasswd: first name of each number; damaged lines are left out", () => {
  assert.deepEqual([...parsePasswd(textOf("kernel-6", "etc/passwd"))], [
    [0, "root"],
    [1, "daemon"],
    [1000, "app"],
  ]);
});

Deno.test("programName: the last part of a path", () => {
  assert.equal(programName("/usr/bin/a b"), "a b");
  assert.equal(programName("plain"), "plain");
});
