import { fields, lines } from "../proc_text.ts";

/** A TCP socket that takes connections on this host's loopback address. */
export interface ListeningSocket {
  /** As it stands in a URL: `127.0.0.1`, or `[::1]` where only that is listened on. */
  readonly host: string;
  readonly port: number;
  readonly inode: string;
}

const LISTEN = "0A";
// Addresses stand in words of the host's byte order, which is little-endian wherever Horizon runs.
/** What 127.0.0.1 reaches: 0.0.0.0, 127.0.0.1, ::, ::ffff:0.0.0.0, ::ffff:127.0.0.1. */
const LOOPBACK_V4: ReadonlySet<string> = new Set([
  "00000000",
  "0100007F",
  "00000000000000000000000000000000",
  "0000000000000000FFFF000000000000",
  "0000000000000000FFFF00000100007F",
]);
/** ::1. */
const LOOPBACK_V6 = "00000000000000000000000001000000";

/**
 * Parses `/proc/<pid>/net/tcp` or `tcp6`, proc(5): the sockets that listen on a loopback address
 * or on all addresses. Those on one address of another interface are left out.
 */
export function parseListeningSockets(text: string): ListeningSocket[] {
  return lines(text).flatMap((line): ListeningSocket[] => {
    const [, local = "", , state, , , , , , inode] = fields(line);
    const [address = "", portText = ""] = local.split(":");
    const host = loopbackHost(address);
    const port = parseInt(portText, 16);
    if (state !== LISTEN || host === null || !(port > 0) || inode === undefined) return [];
    return [{ host, port, inode }];
  });
}

function loopbackHost(address: string): string | null {
  if (address === LOOPBACK_V6) return "[::1]";
  return LOOPBACK_V4.has(address) ? "127.0.0.1" : null;
}
