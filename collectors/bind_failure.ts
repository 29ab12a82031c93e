import { formatListenAddress, type ListenAddress } from "../mod/config/listen_address.ts";
import { type ErrorCode, HorizonError } from "../mod/errors.ts";

/** A listener that could not be opened. */
export interface UnboundListener extends ListenAddress {
  /** What it is for, such as `otlp_grpc`. */
  readonly purpose: string;
  /** The flag or the key of the configuration that says its address. */
  readonly setting: string;
}

/** Libraries tell failures by their text only. */
const KINDS: readonly {
  pattern: RegExp;
  code: ErrorCode;
  sentence: (choose: string) => string;
}[] = [
  {
    pattern: /EADDRINUSE|address already in use/i,
    code: "conflict",
    sentence: (choose) => `is already in use: is another Horizon running? Stop it, or ${choose}`,
  },
  {
    pattern: /EADDRNOTAVAIL|EINVAL|ENOTFOUND|EAI_|cannot assign requested|failed to lookup/i,
    code: "invalid_argument",
    sentence: (choose) => `is not an address of this host: ${choose}`,
  },
  {
    pattern: /EACCES|EPERM|permission denied/i,
    code: "permission_denied",
    sentence: (choose) =>
      `may not be opened by this user: ports below 1024 need CAP_NET_BIND_SERVICE; ${choose}`,
  },
];

/** Why the listener could not be opened, in one sentence that names its address and setting. */
export function bindFailure(error: Error, at: UnboundListener): HorizonError {
  const address = formatListenAddress(at);
  const choose = `choose another address with ${at.setting}`;
  const kind = KINDS.find(({ pattern }) => pattern.test(error.message));
  const sentence = kind?.sentence(choose) ?? `could not be opened (${error.message}): ${choose}`;
  return new HorizonError(
    kind?.code ?? "unavailable",
    `${address} (${at.purpose}) ${sentence}`,
    { address, purpose: at.purpose },
    null,
    { cause: error },
  );
}
