import { REDACTED } from "../../../../../mod/log/secrets.ts";

const FIXTURES = new URL("../../../../fixtures/redaction/", import.meta.url);

/** A text with secrets in it, and what must be left of it. */
export interface SecretText {
  readonly text: string;
  readonly secrets: readonly string[];
  readonly redacted: string;
}

/** Texts of `secrets.txt`. */
export function secretTexts(): SecretText[] {
  return lines("secrets.txt").map((line) => ({
    text: line.replaceAll(/[⟦⟧]/g, ""),
    secrets: [...line.matchAll(/⟦([^⟧]*)⟧/g)].map(([, secret]) => secret ?? ""),
    redacted: line.replaceAll(/⟦[^⟧]*⟧/g, REDACTED),
  }));
}

/** Texts of `harmless.txt`, which must stay as they are. */
export function harmlessTexts(): string[] {
  return lines("harmless.txt");
}

function lines(name: string): string[] {
  return Deno.readTextFileSync(new URL(name, FIXTURES)).split("\n")
    .filter((line) => line !== "" && !line.startsWith("# "))
    .map((line) => line.replaceAll("␤", "\n"));
}
