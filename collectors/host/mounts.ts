import { fields, lines } from "../proc_text.ts";

/** A mounted file system, proc_pid_mounts(5). */
export interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly type: string;
  readonly mode: "rw" | "ro";
}

/** File systems that hold no data of their own. */
const PSEUDO_TYPES = new Set(
  ("autofs bdev binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devfs devpts devtmpfs efivarfs fuse.gvfsd-fuse " +
    "fuse.lxcfs fuse.portal fusectl hugetlbfs iso9660 mqueue nsfs pipefs proc procfs pstore ramfs rootfs rpc_pipefs " +
    "securityfs selinuxfs sockfs squashfs sysfs tracefs").split(" "),
);
/** Places where only pseudo file systems and single files of containers are mounted. */
const PSEUDO_PLACES =
  /^\/(?:dev|proc|sys|run\/credentials|run\/user|run\/docker|run\/netns|var\/lib\/(?:docker|containers|kubelet\/pods))(?:\/|$)/;

/** Parses `/proc/self/mounts`. Of two mounts at one place the later hides the earlier. */
export function parseMounts(text: string): Mount[] {
  const byPlace = new Map<string, Mount>();
  for (const line of lines(text)) {
    const [device, place, type, options] = fields(line);
    if (device === undefined || place === undefined || type === undefined) continue;
    const mountpoint = unescapeOctal(place);
    const mode = options?.split(",").includes("ro") ? "ro" : "rw";
    byPlace.set(mountpoint, { device: unescapeOctal(device), mountpoint, type, mode });
  }
  return [...byPlace.values()];
}

/**
 * The mounts whose space matters to an operator: no pseudo file systems, layers of containers
 * only as the root, and a device that is mounted in many places once, at its shortest path.
 */
export function realMounts(mounts: readonly Mount[]): Mount[] {
  const byDevice = new Map<string, Mount>();
  for (const mount of mounts) {
    const { device, mountpoint, type } = mount;
    if (PSEUDO_TYPES.has(type)) continue;
    if (PSEUDO_PLACES.test(mountpoint) && mountpoint !== "/dev/shm") continue;
    if (type === "overlay" && mountpoint !== "/") continue;
    // Only a path names one thing: all memory file systems are called "tmpfs" or "none".
    const key = device.startsWith("/") ? device : `${device}\0${mountpoint}`;
    const other = byDevice.get(key);
    if (other === undefined || mountpoint.length < other.mountpoint.length) {
      byDevice.set(key, mount);
    }
  }
  return [...byDevice.values()];
}

/** Undoes the octal escapes of spaces, tabs and the like in mount tables. */
export function unescapeOctal(text: string): string {
  return text.replace(
    /\\([0-3][0-7]{2})/g,
    (_, digits: string) => String.fromCharCode(parseInt(digits, 8)),
  );
}
