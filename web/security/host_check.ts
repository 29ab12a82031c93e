import { HorizonError } from "../../mod/errors.ts";
import { type Endpoint, isLoopbackAddress, isWildcardAddress } from "../connection.ts";

/**
 * Refuses requests whose `Host` is not a name of this listener, the defence against DNS
 * rebinding: a page of evil.example whose name was pointed at 127.0.0.1 still says
 * `Host: evil.example`. Ports are not compared, so that port forwards work.
 *
 * Names of a listener: loopback names and addresses, its own bound address, and
 * `allowedHosts`. A listener on every interface also takes any literal IP address, which
 * nobody can rebind.
 *
 * @throws HorizonError `permission_denied`
 */
export function checkHost(
  host: string,
  local: Endpoint,
  allowedHosts: readonly string[],
): void {
  const name = hostName(host);
  if (
    name !== null &&
    (isLoopbackName(name) || name === unbracketed(local.hostname) ||
      (isWildcardAddress(local.hostname) && isIpLiteral(name)) ||
      allowedHosts.some((allowed) => allowed.toLowerCase() === name || hostName(allowed) === name))
  ) return;
  throw new HorizonError(
    "permission_denied",
    "this host name is not one of Horizon's; add it to server.allowed_hosts if it should be",
    { host: host.slice(0, 255) },
  );
}

/** The name or address of a `Host` header, lower case, without port and brackets; null if malformed. */
export function hostName(host: string): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host.trim());
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? null : name.toLowerCase().replace(/\.$/, "");
}

// RFC 6761 section 6.3: browsers resolve localhost and *.localhost to loopback themselves.
function isLoopbackName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || isLoopbackAddress(name);
}

function isIpLiteral(name: string): boolean {
  return name.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}

function unbracketed(hostname: string): string {
  return hostname.toLowerCase().replace(/^\[|\]$/g, "");
}
