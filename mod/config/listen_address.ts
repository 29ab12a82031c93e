/** Where a listener binds. An IPv6 address stands without brackets; port 0 picks a free one. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** What an address looks like: `HOST:PORT`, an IPv6 address in brackets. */
export const LISTEN_PATTERN = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/;

/** Reads `127.0.0.1:9630`, `localhost:0` or `[::1]:9630`; null when the text is none of that kind. */
export function parseListenAddress(text: string): ListenAddress | null {
  const match = LISTEN_PATTERN.exec(text);
  const hostname = match?.[1] ?? match?.[2];
  if (match === null || hostname === undefined) return null;
  const port = Number(match[3]);
  // Digits and dots are an address or a mistake, never a name.
  if (/^[\d.]+$/.test(hostname) && !isIpv4(hostname)) return null;
  if (match[1] !== undefined && !URL.canParse(`http://[${hostname}]/`)) return null;
  return port <= 65_535 ? { hostname, port } : null;
}

/** `HOST:PORT`, with brackets around an IPv6 address. */
export function formatListenAddress({ hostname, port }: ListenAddress): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** True for the names and addresses that only this host can reach. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase();
  return name === "localhost" || name.endsWith(".localhost") || canonicalIpv6(name) === "::1" ||
    (isIpv4(name) && name.startsWith("127."));
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

function canonicalIpv6(text: string): string | null {
  if (!text.includes(":") || !URL.canParse(`http://[${text}]/`)) return null;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}
