import { type ErrorCode, HorizonError } from "../../mod/errors.ts";
import { formatListenAddress, type ListenAddress } from "../../mod/config/listen_address.ts";

const FLAG = "--otlp-grpc";
const CHOOSE = `choose another address with ${FLAG}`;

/** grpc-js tells failures by their text only. */
const KINDS: readonly { pattern: RegExp; code: ErrorCode; sentence: string }[] = [
  {
    pattern: /EADDRINUSE/,
    code: "conflict",
    sentence: `is already in use: is another Horizon running? Stop it, or ${CHOOSE}`,
  },
  {
    pattern: /EADDRNOTAVAIL|EINVAL|ENOTFOUND|EAI_/,
    code: "invalid_argument",
    sentence: `is not an address of this host: ${CHOOSE}`,
  },
  {
    pattern: /EACCES|EPERM/,
    code: "permission_denied",
    sentence:
      `may not be opened by this user: ports below 1024 need CAP_NET_BIND_SERVICE; ${CHOOSE}`,
  },
];

/** Why the listener could not be opened, in one sentence that names its address and flag. */
export function bindFailure(error: Error, at: ListenAddress): HorizonError {
  const address = formatListenAddress(at);
  const kind = KINDS.find(({ pattern }) => pattern.test(error.message));
  const sentence = kind?.sentence ?? `could not be opened (${error.message}): ${CHOOSE}`;
  return new HorizonError(
    kind?.code ?? "unavailable",
    `${address} (otlp_grpc) ${sentence}`,
    { address, purpose: "otlp_grpc" },
    null,
    { cause: error },
  );
}
