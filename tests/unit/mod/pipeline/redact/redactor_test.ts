import assert from "node:assert/strict";
import fc from "fast-check";
import { defaultConfig } from "../../../../../mod/config/schema.ts";
import type { RedactConfig } from "../../../../../mod/config/pipeline_section.ts";
import { configuredRedactor } from "../../../../../mod/pipeline/redact/configured_redactor.ts";
import type { Redactor } from "../../../../../mod/pipeline/redact/redactor.ts";
import { harmlessTexts, secretTexts } from "./corpus.ts";

function redactorWith(changes: Partial<RedactConfig> = {}): Redactor {
  const redactor = configuredRedactor({ ...defaultConfig().pipeline.redact, ...changes });
  assert.ok(redactor !== null);
  return redactor;
}

Deno.test("Redactor: takes exactly the secrets out of every text of the corpus", () => {
  const redactor = redactorWith();
  const texts = secretTexts();
  assert.ok(texts.length >= 80);
  assert.deepEqual(
    texts.map(({ text }) => redactor.text(text)),
    texts.map(({ redacted }) => redacted),
  );
});

Deno.test("Redactor: leaves what is harmless as it is", () => {
  const redactor = redactorWith({ cards: true });
  const texts = harmlessTexts();
  assert.ok(texts.length >= 50);
  assert.deepEqual(texts.map((text) => redactor.text(text)), texts);
});

Deno.test("Redactor: what it wrote it leaves alone", () => {
  const redactor = redactorWith({ cards: true, emails: true });
  for (const { text } of secretTexts()) {
    const once = redactor.text(text);
    assert.equal(redactor.text(once), once);
  }
});

/** Ways in which programs write a secret down, with one of letters, digits and a few signs. */
const CARRIERS: readonly ((secret: string) => string)[] = [
  (s) => `password=${s}`,
  (s) => `user=bob password: ${s} port=1`,
  (s) => `{"apiKey":"${s}","n":1}`,
  (s) => `{\\"secret\\":\\"${s}\\"}`,
  (s) => `postgres://bob:${s}@db/x`,
  (s) => `GET /a?x=1&access_token=${s}&y=2`,
  (s) => `Authorization: Bearer ${s}`,
  (s) => `headers: map[Cookie:[sid=${s}]]`,
  (s) => `A=1\nDB_PASSWORD=${s}\nB=2`,
  (s) => `app --token ${s} --verbose`,
  (s) => `<secret>${s}</secret>`,
  (s) => `-----BEGIN PRIVATE KEY-----\n${s}\n-----END PRIVATE KEY-----`,
];

const secretValue = fc.stringMatching(/^[A-Za-z0-9_+~.]{8,40}$/).map((text) => `9Z${text}Q7`);

Deno.test("Redactor: no secret survives, whatever stands around what carries it", () => {
  const redactor = redactorWith();
  fc.assert(
    fc.property(
      secretValue,
      fc.constantFrom(...CARRIERS),
      fc.string({ unit: "grapheme", maxLength: 30 }),
      fc.string({ unit: "grapheme", maxLength: 30 }),
      (secret, carrier, before, after) => {
        const text = `${before} ${carrier(secret)}\n${after}`;
        assert.ok(!redactor.text(text).includes(secret), text);
      },
    ),
    { numRuns: 3_000 },
  );
});

Deno.test("Redactor: hostile texts cost time in proportion to their length", () => {
  const redactor = redactorWith({ cards: true, emails: true });
  const pieces = [
    "eyJ-",
    "eyJa.",
    "password",
    "password=",
    'password="',
    "token:[",
    "://a",
    "Authorization:",
    "-----BEGIN PRIVATE KEY-----",
    "bearer ",
    "key-",
    "1 ",
    "11-",
    "a.",
    "a@",
    "secret-secret.",
    "?sig=",
    '\\"',
    "identified by ",
  ];
  // A rule that goes back over its text again and again would not end within this test's life.
  for (const a of pieces) {
    redactor.text(a.repeat(262_144 / a.length));
    for (const b of pieces) redactor.text((a + b).repeat(16_384 / (a.length + b.length)));
  }
});

Deno.test("Redactor.value: by the name of an attribute", () => {
  const redactor = redactorWith({ attributes: ["Customer.IBAN"], keep_attributes: ["db.dsn"] });
  const REDACTED = "[redacted]";
  const secret: readonly (readonly [string, string])[] = [
    ["http.request.header.authorization", '["Bearer abc"]'],
    ["http.request.header.cookie", "a=b"],
    ["http.response.header.set-cookie", "a=b"],
    ["password", "1"],
    ["db.password", "hunter2"],
    ["apiKey", "abc"],
    ["X-API-KEY", "abc"],
    ["aws.secret_access_key", "abc"],
    ["customer.iban", "DE00 1234"],
    ["user.token", "abcdef"],
  ];
  for (const [name, value] of secret) assert.equal(redactor.value(name, value), REDACTED, name);
  const kept: readonly (readonly [string, string])[] = [
    ["gen_ai.usage.input_tokens", "120"],
    ["session.id", "31d4d96e407aad42"],
    ["k8s.secret.name", "db-creds"],
    ["token.type", "bearer"],
    ["has_password", "true"],
    ["token", ""],
    ["enduser.id", "bob"],
    ["aws.dynamodb.key", "abc"],
    ["messaging.kafka.message.key", "abc"],
    ["db.dsn", "postgres://bob:hunter2@db/x"],
  ];
  for (const [name, value] of kept) assert.equal(redactor.value(name, value), value, name);
  assert.equal(redactor.value("url.full", "https://a:b@c/"), "https://[redacted]@c/");
  assert.equal(redactor.counts["attribute_name"], secret.length);
  assert.equal(redactor.counts["url_userinfo"], 1);
});

Deno.test("Redactor: numbers of cards only where asked for, and only with a right check digit", () => {
  const cards = redactorWith({ cards: true });
  const valid = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "5500005555555559",
    "2221000000000009",
    "378282246310005",
    "6011111111111117",
    "3530111333300000",
    "30569309025904",
  ];
  for (const number of valid) {
    assert.equal(cards.text(`paid with ${number}, thanks`), "paid with [redacted], thanks");
    assert.equal(redactorWith().text(number), number);
  }
  const others = [
    "4111111111111112",
    "9999999999999995",
    "1764064800123456789",
    "411111111111",
    "84111111111111111",
    "x4111111111111111",
    "1.4111111111111111",
  ];
  for (const number of others) assert.equal(cards.text(`n ${number}, n`), `n ${number}, n`);
});

Deno.test("Redactor: e-mail addresses only where asked for", () => {
  const emails = redactorWith({ emails: true });
  assert.equal(emails.text("mail bob.b+x@mail.example.com now"), "mail [redacted] now");
  assert.equal(emails.text("a @ b, @bob, bob@host, 5@5"), "a @ b, @bob, bob@host, 5@5");
  assert.equal(redactorWith().text("bob@example.com"), "bob@example.com");
});

Deno.test("Redactor: own patterns, with a literal to look for and without", () => {
  const redactor = redactorWith({
    patterns: [
      { name: "ticket", pattern: "TICKET-\\d{6,12}", contains: ["TICKET-"] },
      { name: "iban", pattern: "\\bDE\\d{20}\\b", contains: [] },
    ],
  });
  assert.equal(redactor.text("see TICKET-123456."), "see [redacted].");
  assert.equal(redactor.text("to DE12345678901234567890!"), "to [redacted]!");
  assert.equal(redactor.text("TICKET-1 DE1"), "TICKET-1 DE1");
  assert.equal(redactor.counts["pattern_ticket"], 1);
  assert.equal(redactor.counts["pattern_iban"], 1);
});

Deno.test("configuredRedactor: none where redaction is off", () => {
  assert.equal(configuredRedactor({ ...defaultConfig().pipeline.redact, enabled: false }), null);
});
