/** What the codes of the system and of TLS mean, in words. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused the connection: nothing listens there",
  ECONNRESET: "reset the connection",
  EPIPE: "closed the connection",
  EHOSTUNREACH: "cannot be reached: no route to the host",
  ENETUNREACH: "cannot be reached: no route to the network",
  ETIMEDOUT: "did not answer",
  ENOTFOUND: "has a name that does not resolve",
  EAI_AGAIN: "has a name that could not be resolved now",
  DEPTH_ZERO_SELF_SIGNED_CERT: "has a certificate that signed itself",
  SELF_SIGNED_CERT_IN_CHAIN: "has a certificate of an authority that is not trusted",
  // The runtime says no more about any certificate whose chain it refuses.
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "has a certificate that is not trusted: its authority is not known, or it has expired",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "has a certificate of an authority that is not trusted",
  CERT_HAS_EXPIRED: "has a certificate that has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "has a certificate for another name",
};

/** What libraries say that pass on no code, in words. */
const SAYINGS: readonly (readonly [said: string, meaning: string])[] = [
  ["unable to verify the first certificate", meaningOf("UNABLE_TO_VERIFY_LEAF_SIGNATURE")],
  ["self-signed certificate in certificate chain", meaningOf("SELF_SIGNED_CERT_IN_CHAIN")],
  ["self-signed certificate", meaningOf("DEPTH_ZERO_SELF_SIGNED_CERT")],
  ["certificate has expired", meaningOf("CERT_HAS_EXPIRED")],
  ["Name resolution failed", meaningOf("ENOTFOUND")],
  ["NoApplicationProtocol", "offers no HTTP/2 over TLS"],
  ["wrong version number", "does not speak TLS"],
  ["Protocol error", "does not speak HTTP/2"],
  ["Failed to connect", "closed the connection before it answered"],
  ["Header overflow", "sends more headers than are read"],
];
/** A time that a library put into its message, which would make each message a new one. */
const TIME_IN_TEXT = / \(\d{4}-\d\d-\d\dT[\d:.]+Z\)/g;

function meaningOf(code: string): string {
  return MEANINGS[code] ?? code;
}

/** Why a connection failed, as a sentence about the address. */
export function connectFailure(error: Error, at: string): string {
  const code: unknown = Reflect.get(error, "code");
  const meaning = typeof code === "string" ? MEANINGS[code] : undefined;
  return meaning === undefined ? saidFailure(error.message, at) : `${at} ${meaning}`;
}

/**
 * The same of what a library says in words alone. Of what it does not know it repeats the words, without
 * times in them: the same failure has the same sentence each time.
 */
export function saidFailure(said: string, at: string): string {
  const code = said.match(/\b(?:E[A-Z_]{4,}|[A-Z]+(?:_[A-Z]+)+)\b/g)?.find((word) =>
    word in MEANINGS
  );
  const meaning = code === undefined
    ? SAYINGS.find(([part]) => said.includes(part))?.[1]
    : meaningOf(code);
  return meaning === undefined
    ? `${at} failed: ${said.replaceAll(TIME_IN_TEXT, "")}`
    : `${at} ${meaning}`;
}
