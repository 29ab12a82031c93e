/** One end of a TCP connection; `hostname` is an IP address. */
export interface Endpoint {
  readonly hostname: string;
  readonly port: number;
}

/** The connection a request came over: the listener's bound address, and the peer. */
export interface Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** True for addresses that only this host can reach (127.0.0.0/8 and ::1). */
export function isLoopbackAddress(hostname: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(hostname) || hostname === "::1" || hostname === "[::1]";
}

/** True for the addresses that mean "every interface". */
export function isWildcardAddress(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::" || hostname === "[::]";
}

/** `host:port`, with IPv6 addresses in brackets. */
export function formatEndpoint({ hostname, port }: Endpoint): string {
  return hostname.includes(":") && !hostname.startsWith("[")
    ? `[${hostname}]:${port}`
    : `${hostname}:${port}`;
}
