/**
 * Datagrams that the kernel dropped before a socket bound to this port could read them, since the
 * socket was opened; null when no such socket is listed.
 *
 * @param table `/proc/net/udp` or `/proc/net/udp6`: one socket a line, `sl local_address …  drops`,
 * the address as hexadecimal digits and `:PORT` (proc_net(5))
 */
export function udpDrops(table: string, port: number): number | null {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  let total: number | null = null;
  for (const line of table.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const drops = Number(fields.at(-1));
    if (fields.length < 13 || !fields[1]?.endsWith(suffix) || !Number.isInteger(drops)) continue;
    total = (total ?? 0) + drops;
  }
  return total;
}
