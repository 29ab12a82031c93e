import assert from "node:assert/strict";
import {
  importSpecifiers,
  importViolations,
  projectSources,
} from "../../../scripts/check_imports.ts";

const OWNERS = { hono: ["web"], "@grpc/grpc-js": ["collectors"], zod: ["mod", "web"] };

function check(tree: Record<string, string>): string[] {
  return importViolations(Object.entries(tree).map(([path, text]) => ({ path, text })), OWNERS);
}

Deno.test("importViolations: a tree that keeps the rules has none", () => {
  assert.deepEqual(
    check({
      "main.ts": 'import { a } from "./mod/a.ts";\nimport { s } from "./storage/s.ts";',
      "mod/a.ts": 'import { b } from "./inner/b.ts";\nimport { z } from "zod";',
      "mod/inner/b.ts": 'import assert from "node:assert";',
      "storage/s.ts": 'import type { A } from "../mod/a.ts";',
      "collectors/c.ts": 'import * as grpc from "@grpc/grpc-js/sub/path";',
      "web/w.ts": 'import { z } from "zod";\nimport { Hono } from "hono/tiny";',
      "web/ui/app.js": 'import u from "./vendor/uplot.js";\nimport "./b.js";',
      "web/ui/b.js": "",
      "tests/unit/x_test.ts":
        'import { main } from "../../main.ts";\nimport p from "playwright-core";',
    }),
    [],
  );
});

const BAD: readonly [string, Record<string, string>, RegExp][] = [
  ["mod imports another folder", {
    "mod/a.ts": 'import { s } from "../storage/s.ts";',
    "storage/s.ts": "",
  }, /^mod\/a\.ts imports \.\.\/storage\/s\.ts: mod may not import storage$/],
  ["web imports storage, dynamically", {
    "web/w.ts": 'const s = await import("../storage/s.ts");',
    "storage/s.ts": "",
  }, /web may not import storage/],
  ["collectors import web, for a type", {
    "collectors/c.ts": 'import type { W } from "../web/w.ts";',
    "web/w.ts": "",
  }, /collectors may not import web/],
  ["storage re-exports collectors", {
    "storage/s.ts": 'export * from "../collectors/c.ts";',
    "collectors/c.ts": "",
  }, /storage may not import collectors/],
  ["an import over many lines", {
    "mod/a.ts": 'import {\n  one,\n  two,\n} from "../web/w.ts";',
    "web/w.ts": "",
  }, /mod may not import web/],
  [
    "someone imports main.ts",
    { "web/w.ts": 'import "../main.ts";', "main.ts": "" },
    /composition root/,
  ],
  [
    "a package of another folder",
    { "mod/a.ts": 'import { Hono } from "hono";' },
    /only web may import/,
  ],
  ["a package nobody owns", { "mod/a.ts": 'import _ from "lodash/fp";' }, /no folder owns/],
  ["an unpinned package", { "mod/a.ts": 'import _ from "npm:lodash";' }, /pinned in deno\.json/],
  [
    "a module from the network",
    { "web/w.ts": 'import "https://example.com/x.ts";' },
    /pinned in deno/,
  ],
  ["a file that is not there", { "mod/a.ts": 'import "./b.ts";' }, /no such file/],
  [
    "a file outside of the project",
    { "mod/a.ts": 'import "../../b.ts";' },
    /outside of the project/,
  ],
  [
    "a folder out of the layout",
    { "lib/a.ts": 'import "./b.ts";', "lib/b.ts": "" },
    /no folder of the layout/,
  ],
  ["the page imports the program", {
    "web/ui/a.js": 'import "../../mod/a.ts";',
    "mod/a.ts": "",
  }, /web\/ui may not import mod/],
  ["the page imports a package", { "web/ui/a.js": 'import "hono";' }, /vendor/],
  ["the page imports from the runtime", { "web/ui/a.js": 'import "node:fs";' }, /browser/],
];

for (const [what, tree, expected] of BAD) {
  Deno.test(`importViolations: refused: ${what}`, () => {
    const found = check(tree);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", expected);
  });
}

Deno.test("importViolations: circular imports are named along their circle", () => {
  const tree = {
    "mod/a.ts": 'import "./b.ts";',
    "mod/b.ts": 'import "./c.ts";',
    "mod/c.ts": 'import "./b.ts";\nimport "./d.ts";',
    "mod/d.ts": "",
  };
  assert.deepEqual(check(tree), ["circular imports: mod/b.ts -> mod/c.ts -> mod/b.ts"]);
});

Deno.test("importSpecifiers: comments and strings are not imports", () => {
  const source = [
    "/**",
    ' * import "./no.ts"; see {import("./no.ts").T}',
    " */",
    '// import "./no.ts";',
    "const text = ' import \"./no.ts\"';",
    'export const from = "./no.ts";',
    'type T = import("./yes.ts").T;',
  ];
  assert.deepEqual(importSpecifiers(source.join("\n")), ["./yes.ts"]);
});

Deno.test("projectSources: finds this file, and none of node_modules", async () => {
  const paths = (await projectSources()).map((s) => s.path);
  assert.ok(paths.includes("tests/unit/scripts/check_imports_test.ts"));
  assert.ok(!paths.some((p) => p.includes("node_modules")));
});
