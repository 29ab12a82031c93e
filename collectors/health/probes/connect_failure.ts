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
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "has a certificate of an authority that is not trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "has a certificate of an authority that is not trusted",
  CERT_HAS_EXPIRED: "has a certificate that has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "has a certificate for another name",
};

/** Why a connection failed, as a sentence about the address. */
export function connectFailure(error: Error, at: string): string {
  const code: unknown = Reflect.get(error, "code");
  const meaning = typeof code === "string" ? MEANINGS[code] : undefined;
  return meaning === undefined ? `${at} failed: ${error.message}` : `${at} ${meaning}`;
}
