/** Ids of Docker, containerd and CRI-O; Podman's too. Shortened ids are not written into cgroups. */
const ID = "([0-9a-f]{64})";
/**
 * How the runtimes name the cgroup of a container: as a scope of systemd, `docker-<id>.scope`,
 * `cri-containerd-<id>.scope`, `crio-<id>.scope`, `libpod-<id>.scope`; or, without systemd, the id as
 * a folder of its own, below `docker/`, `kubepods/…/`, or behind `libpod-` or `crio-`.
 */
const PART = new RegExp(
  `^(?:(?:docker|cri-containerd|containerd|crio|libpod)-)?${ID}(?:\\.scope)?$`,
);

/** The container that a cgroup belongs to, 64 hexadecimal digits; null for those of none. */
export function containerIdOf(cgroup: string | null): string | null {
  if (cgroup === null) return null;
  // The innermost: a container may run containers.
  for (const part of cgroup.split("/").reverse()) {
    const id = PART.exec(part)?.[1];
    if (id !== undefined) return id;
  }
  return null;
}
