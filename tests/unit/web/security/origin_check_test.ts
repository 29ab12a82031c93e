import assert from "node:assert/strict";
import { judgeOrigin } from "../../../../web/security/origin_check.ts";
import { HorizonError } from "../../../../mod/errors.ts";

function verdict(headers: Record<string, string>, allowed: string[] = []): string {
  try {
    return judgeOrigin(new Headers(headers), "localhost:9630", allowed).kind;
  } catch (error) {
    assert.ok(error instanceof HorizonError && error.code === "permission_denied");
    return "refused";
  }
}

Deno.test("judgeOrigin: own page, no browser, allowed and foreign origins", () => {
  const table: [Record<string, string>, string][] = [
    [{}, "none"],
    [{ "sec-fetch-site": "same-origin" }, "none"],
    [{ "sec-fetch-site": "none" }, "none"],
    [{ "sec-fetch-site": "cross-site" }, "refused"],
    [{ "sec-fetch-site": "same-site" }, "refused"],
    [{ origin: "http://localhost:9630" }, "same"],
    [{ origin: "https://LOCALHOST:9630" }, "same"],
    [{ origin: "http://localhost:9631" }, "refused"],
    [{ origin: "http://localhost" }, "refused"],
    [{ origin: "http://evil.example" }, "refused"],
    [{ origin: "null" }, "refused"],
    [{ origin: "" }, "refused"],
    [{ origin: "http://user@localhost:9630" }, "refused"],
    [{ origin: "file://localhost:9630" }, "refused"],
    [{ origin: "https://grafana.example" }, "allowed"],
    [{ origin: "https://grafana.example.evil" }, "refused"],
  ];
  for (const [headers, expected] of table) {
    assert.equal(verdict(headers, ["https://grafana.example"]), expected, JSON.stringify(headers));
  }
});
