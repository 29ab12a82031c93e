import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MAX_COMMAND_LINE_CHARS,
  redactArguments,
} from "../../../../collectors/processes/redact_arguments.ts";

const SECRET = "S3cr3tV4lue";

// Joined so that no scanner takes them for real ones.
const JWT = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "dozjgNryP4J3jVmNHl0w"].join(
  ".",
);
const GITHUB = ["ghp", "0123456789abcdefghijABCDEFGHIJ012345"].join("_");
const AWS = ["AKIA", "IOSFODNN7EXAMPLE"].join("");

/** Arguments that hold a secret, and the line that is to be shown of them. */
const HIDDEN: readonly (readonly [args: readonly string[], shown: string])[] = [
  [["app", `--password=${SECRET}`], "app --password=***"],
  [["app", "--password", SECRET, "-v"], "app --password *** -v"],
  [["app", "--db-password", `-${SECRET}`], "app --db-password ***"],
  [["app", `--api-key=${SECRET}`, "x"], "app --api-key=*** x"],
  [["app", `--apikey:${SECRET}`], "app --apikey:***"],
  [
    ["java", `-Djavax.net.ssl.keyStorePassword=${SECRET}`],
    "java -Djavax.net.ssl.keyStorePassword=***",
  ],
  [["java", `-Dspring.datasource.secret=a b ${SECRET}`], "java -Dspring.datasource.secret=***"],
  [["env", `AWS_SECRET_ACCESS_KEY=${SECRET}`, "run"], "env AWS_SECRET_ACCESS_KEY=*** run"],
  [["env", `GITHUB_TOKEN=${SECRET}`], "env GITHUB_TOKEN=***"],
  [["sh", "-c", `export DB_PASS=${SECRET}; run --fast`], "sh -c export DB_PASS=***; run --fast"],
  [["sh", "-c", `run --token ${SECRET} --fast`], "sh -c run --token *** --fast"],
  [["sh", "-c", `cd /x && PASSWORD="${SECRET} two" run`], "sh -c cd /x && PASSWORD=*** run"],
  [["psql", `postgres://app:${SECRET}@db/x`], "psql postgres://app:***@db/x"],
  [["psql", `--url=postgres://app:${SECRET}@db/x`], "psql --url=postgres://app:***@db/x"],
  [["curl", "-H", `Authorization: Bearer ${SECRET}`], "curl -H Authorization: ***"],
  [["curl", "-HX-Api-Key: abc", "-H", `X-Auth: ${SECRET}`], "curl -HX-Api-Key: *** -H X-Auth: ***"],
  [["curl", "-u", `me:${SECRET}`, "http://x"], "curl -u me:*** http://x"],
  [["curl", `http://x/?token=${SECRET}&a=1`], "curl http://x/?token=***&a=1"],
  [["/usr/bin/mysql", "-uroot", `-p${SECRET}`], "/usr/bin/mysql -uroot -p***"],
  [["sshpass", "-p", SECRET, "ssh", "h"], "sshpass -p *** ssh h"],
  [["redis-cli", "-a", SECRET, "ping"], "redis-cli -a *** ping"],
  [["app", `{"password":"${SECRET}","user":"me"}`], 'app {"password":***,"user":"me"}'],
  [["app", JWT], "app ***"],
  [["app", GITHUB, AWS], "app *** ***"],
  [["app", `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n`], "app ***"],
  [[`worker: token=${SECRET} idle`], "worker: token=*** idle"],
];

Deno.test("redactArguments: secrets in many shapes are hidden, the rest is shown", () => {
  for (const [args, shown] of HIDDEN) {
    const line = redactArguments(args);
    assert.equal(line, shown);
    for (const secret of [SECRET, JWT, GITHUB, AWS]) assert.ok(!line.includes(secret), line);
  }
});

Deno.test("redactArguments: what is no secret is shown as it is", () => {
  for (
    const args of [
      ["/usr/sbin/nginx", "-g", "daemon on;"],
      ["node", "--max-old-space-size=4096", "/srv/app.js", "--port", "8080"],
      ["postgres: checkpointer"],
      ["ssh", "-p", "22", "host"],
      ["mysqld", "--port=3306"],
      ["app", "--config=/etc/app.yaml", "https://example.org/a?b=c"],
      ["systemd", "--user"],
    ]
  ) assert.equal(redactArguments(args), args.join(" "));
});

Deno.test("redactArguments: control characters become blanks", () => {
  assert.equal(redactArguments(["a\nb", "\x1b[31mred\x00\x7f"]), "a b  [31mred ");
});

Deno.test("redactArguments: the line is bounded", () => {
  assert.equal(redactArguments(["a".repeat(100_000)]).length, MAX_COMMAND_LINE_CHARS);
  const many = redactArguments(Array.from({ length: 100_000 }, () => "ab"));
  assert.ok(many.length <= MAX_COMMAND_LINE_CHARS);
  assert.equal(redactArguments([]), "");
});

Deno.test("redactArguments: a secret after a flag never shows, whatever it is made of", () => {
  const flag = fc.constantFrom(
    "--password",
    "--db-token",
    "-secret",
    "--api-key",
    "--client-secret",
  );
  const secret = fc.string({ minLength: 12, maxLength: 40, unit: "grapheme-ascii" })
    .map((text) => `Zq7${text}`);
  fc.assert(fc.property(flag, secret, fc.boolean(), (name, value, joined) => {
    const line = redactArguments([
      "prog",
      ...(joined ? [`${name}=${value}`] : [name, value]),
      "end",
    ]);
    assert.ok(!line.includes("Zq7"), line);
    assert.ok(line.startsWith(`prog ${name}`) && line.endsWith(" end"), line);
  }));
});

Deno.test("redactArguments: never throws, and stays quick on hostile lines", () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary" })), (args) => {
    assert.ok(redactArguments(args).length <= MAX_COMMAND_LINE_CHARS);
  }));
  const hostile = [
    "a".repeat(4096),
    "a.".repeat(2048),
    "-".repeat(4096),
    "pass".repeat(1024),
    "password ".repeat(500),
    "http://".repeat(600),
    "a:".repeat(2048),
    'token="'.repeat(600),
    " ".repeat(4096),
    "eyJ".repeat(1365),
    "bearer ".repeat(600),
  ];
  const started = performance.now();
  for (const text of hostile) redactArguments(["prog", text]);
  // Quadratic or worse would take seconds; the bound is generous for slow machines.
  assert.ok(performance.now() - started < 2000);
});
