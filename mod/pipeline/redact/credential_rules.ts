import { REDACTED } from "../../log/secrets.ts";
import { redactAssignments } from "./assignments.ts";
import type { RedactionRule, Where } from "./redaction_rule.ts";

// Every repetition is bounded or runs over characters that end it: these see text from anywhere.

const PRIVATE_KEY =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----END))*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/g;

/** User information of a URL (RFC 3986 section 3.2.1). Who clones as `git` gives nothing away. */
const USER_INFO = /:\/\/(?!git@)[^\s/?#"'<>\\]{1,1024}@/g;

/** Credentials after the name of a scheme, where no header's name says what they are. */
const SCHEME = /\b(bearer|basic)([ \t]{1,8})([\w.~+/=-]{8,8192})/gi;

/**
 * Parameters of URLs that sign or open something, though their name alone would not say so. Of
 * `key` and `code`, which may be anything, only long values are taken.
 */
const PARAMETER =
  /((?:[?&]|^(?=\S{0,8192}$))(?:(?:sig|signature|auth|sid|x-amz-signature|x-goog-signature|awsaccesskeyid)=|(?:key|code)=(?=[^&\s#]{16})))[^&\s#"'<>\\]{1,4096}/gi;

/** Tokens that tell by their own form what they are. */
const KNOWN_FORMS = new RegExp(
  [
    // JSON Web Tokens and their kin (RFC 7519, RFC 7516): base64url of `{"…`.
    String.raw`(?<![\w-])eyJ[\w-]{6,8192}\.[\w-]{2,16384}(?:\.[\w-]{0,8192}){0,3}`,
    String.raw`\bgh[pousr]_\w{16,255}`,
    String.raw`\bgithub_pat_\w{20,255}`,
    String.raw`\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w-]{16,255}`,
    String.raw`\bxox[abeoprs]-[\w-]{8,255}`,
    String.raw`\bhooks\.slack\.com/services/[\w/]{16,255}`,
    String.raw`\bsk-[\w-]{16,255}`,
    String.raw`\b[spr]k_(?:live|test)_\w{10,255}`,
    String.raw`\bwhsec_[\w+/=]{16,255}`,
    String.raw`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`,
    String.raw`\bAIza[\w-]{30,64}`,
    String.raw`\bya29\.[\w-]{16,2048}`,
    String.raw`\bnpm_[A-Za-z0-9]{30,64}`,
    String.raw`\bpypi-[\w-]{32,512}`,
    String.raw`\bSG\.[\w-]{16,64}\.[\w-]{16,128}`,
    String.raw`\bdop_v1_[a-f0-9]{40,128}`,
    String.raw`\bhv[sbr]\.[\w-]{20,512}`,
    String.raw`\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32,64}`,
    String.raw`\bAGE-SECRET-KEY-1[0-9A-Z]{50,80}`,
    // Horizon's own.
    String.raw`\bhz_[\w-]{16,512}`,
  ].join("|"),
  "g",
);

const literals = (...all: readonly string[]): Where => ({ kind: "literals", literals: all });

/** Rules for what opens a door: on by default. In the order in which they are applied. */
export const CREDENTIAL_RULES: readonly RedactionRule[] = [
  {
    name: "private_key",
    where: literals("-----begin"),
    redact: (text) => text.replace(PRIVATE_KEY, REDACTED),
  },
  {
    name: "url_userinfo",
    where: literals("://"),
    redact: (text) => text.replace(USER_INFO, `://${REDACTED}@`),
  },
  {
    name: "known_token",
    where: literals(
      ...["eyj", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-"],
      ...["glcbt-", "glptt-", "glft-", "glsoat-", "xox", "hooks.slack.com", "sk-", "k_live_"],
      ...["k_test_", "whsec_", "akia", "asia", "aiza", "ya29.", "npm_", "pypi-", "sg.", "dop_v1_"],
      ...["hvs.", "hvb.", "hvr.", "shpat_", "shpca_", "shppa_", "shpss_", "age-secret-key", "hz_"],
    ),
    redact: (text) => text.replace(KNOWN_FORMS, REDACTED),
  },
  {
    name: "assignment",
    where: literals(
      ...["passw", "passp", "pass=", "pass:", 'pass"', "pass'", "pass\\", "pass ", "pwd", "pass>"],
      ...["secret", "token", "credential", "authorization", "cookie", "identified by"],
      ...["key=", "key:", 'key"', "key'", "key\\", "key ", "key>", "key_", "key-", "key."],
    ),
    redact: redactAssignments,
  },
  {
    name: "authorization",
    where: literals("bearer", "basic"),
    redact: (text) =>
      text.replace(
        SCHEME,
        (all, scheme: string, space: string, value: string) =>
          isCredential(value) ? `${scheme}${space}${REDACTED}` : all,
      ),
  },
  {
    name: "url_parameter",
    where: literals("key=", "sig=", "signature=", "code=", "auth=", "sid=", "keyid="),
    redact: (text) => text.replace(PARAMETER, `$1${REDACTED}`),
  },
];

/** Spares ordinary words and what follows them: "basic information", "bearer expires_in=3600". */
function isCredential(value: string): boolean {
  if (/=[^=]/.test(value)) return false;
  return value.length >= 24 || /\d|=$|.[A-Z]|[+/~]/.test(value);
}
