import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePathPattern } from "../../../../mod/logs/path_pattern.ts";

function matches(pattern: string, path: string): boolean {
  const parsed = parsePathPattern(pattern);
  assert.ok(parsed !== null, pattern);
  return parsed.some((one) => one.matches(path));
}

Deno.test("parsePathPattern: wildcards within a name, over folders, and alternatives", () => {
  const yes = [
    ["/var/log/app.log", "/var/log/app.log"],
    ["/var/log/*.log", "/var/log/app.log"],
    ["/var/log/app-?.log", "/var/log/app-1.log"],
    ["/var/log/[a-c]*.log", "/var/log/backup.log"],
    ["/var/log/[!a-c]*.log", "/var/log/web.log"],
    ["/var/**/*.log", "/var/log/a/b/app.log"],
    ["/var/**/*.log", "/var/app.log"],
    ["/var/log/{nginx,apache}/*.log", "/var/log/apache/access.log"],
    ["/srv/*/logs/.hidden", "/srv/one/logs/.hidden"],
    ["/a+(b)/x.log", "/a+(b)/x.log"],
  ] as const;
  for (const [pattern, path] of yes) assert.ok(matches(pattern, path), `${pattern} ${path}`);
  const no = [
    ["/var/log/*.log", "/var/log/a/app.log"],
    ["/var/log/*.log", "/var/log/.hidden.log"],
    ["/var/log/app-?.log", "/var/log/app-12.log"],
    ["/var/log/[!a-c]*.log", "/var/log/backup.log"],
    ["/var/**/*.log", "/var/.git/app.log"],
    ["/var/log/app.log", "/var/log/appxlog"],
  ] as const;
  for (const [pattern, path] of no) assert.ok(!matches(pattern, path), `${pattern} ${path}`);
});

Deno.test("parsePathPattern: tells the folder to look in", () => {
  const folderOf = (pattern: string) => parsePathPattern(pattern)?.[0]?.folder;
  assert.equal(folderOf("/var/log/*.log"), "/var/log");
  assert.equal(folderOf("/var/log/app.log"), "/var/log");
  assert.equal(folderOf("/*/x"), "/");
});

Deno.test("parsePathPattern: is null for what is no path, or broken", () => {
  const texts = ["", "app.log", "/var/log/", "/a/../b", "/a//b", "/[a", "/{a", "/a}", "/{a,{b}}"];
  for (const text of texts) assert.equal(parsePathPattern(text), null, text);
  assert.equal(parsePathPattern(`/${"{a,b}".repeat(7)}`), null);
  assert.equal(parsePathPattern("/a*b*c*d*e*f"), null);
});

Deno.test("parsePathPattern: takes any text, and its patterns any path", () => {
  const text = fc.stringMatching(/^\/[a*?{},[\]!/.-]{0,12}$/);
  fc.assert(fc.property(text, fc.string({ maxLength: 20 }), (pattern, path) => {
    parsePathPattern(pattern)?.forEach((one) => one.matches(`/${path}`));
  }));
});
