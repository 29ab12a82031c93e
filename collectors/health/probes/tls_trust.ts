/** Whom a client believes over TLS. */
export interface TlsTrust {
  /** PEM file of the authorities to trust; null for those of the system. */
  readonly caFile: string | null;
  readonly insecureSkipVerify: boolean;
  /** The name that the certificate must have; null for the host that is called. */
  readonly serverName: string | null;
}

/** The authorities' PEM text, read anew each time since files are renewed; null for the system's. */
export function readCa({ caFile }: TlsTrust): string | null {
  return caFile === null ? null : Deno.readTextFileSync(caFile);
}
