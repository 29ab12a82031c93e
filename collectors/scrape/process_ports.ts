import { HostFiles } from "../host_files.ts";
import { type ListeningSocket, parseListeningSockets } from "./listening_sockets.ts";

/** Descriptors looked at of one process; what is past them is not found. */
const MAX_DESCRIPTORS = 16_384;

/** Why the ports of a process are not known. */
export type PortProblem = "permission denied" | "other network namespace" | "gone";

/** Finds the TCP ports that a process listens on, by its descriptors. */
export class ProcessPorts {
  readonly #procRoot: string;
  readonly #files: HostFiles;

  constructor(procRoot: string) {
    this.#procRoot = procRoot;
    this.#files = new HostFiles(procRoot);
  }

  of(pid: number): readonly ListeningSocket[] | PortProblem {
    try {
      if (this.#namespace(pid) !== this.#namespace("self")) return "other network namespace";
      const inodes = this.#socketInodes(pid);
      if (inodes.size === 0) return [];
      return ["tcp", "tcp6"].flatMap((table) =>
        parseListeningSockets(this.#files.quietText(`${pid}/net/${table}`) ?? "")
      ).filter(({ inode }) => inodes.has(inode));
    } catch (error) {
      return error instanceof Deno.errors.PermissionDenied ? "permission denied" : "gone";
    }
  }

  #namespace(pid: number | "self"): string {
    return Deno.readLinkSync(`${this.#procRoot}/${pid}/ns/net`);
  }

  #socketInodes(pid: number): ReadonlySet<string> {
    const folder = `${this.#procRoot}/${pid}/fd`;
    const inodes = new Set<string>();
    let seen = 0;
    for (const { name } of Deno.readDirSync(folder)) {
      if (++seen > MAX_DESCRIPTORS) break;
      const inode = /^socket:\[(\d+)\]$/.exec(descriptorTarget(`${folder}/${name}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
    return inodes;
  }
}

/** What a descriptor is; "" when it was closed meanwhile. */
function descriptorTarget(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
