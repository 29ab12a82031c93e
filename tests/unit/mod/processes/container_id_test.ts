import assert from "node:assert/strict";
import { containerIdOf } from "../../../../mod/processes/container_id.ts";
import { parseProcessId, processId } from "../../../../mod/processes/process_identity.ts";

const ID = "0123456789abcdef".repeat(4);
const OTHER = "fedcba9876543210".repeat(4);

Deno.test("containerIdOf: knows how each runtime names its cgroups", () => {
  for (
    const cgroup of [
      `/docker/${ID}`,
      `/system.slice/docker-${ID}.scope`,
      `/kubepods/besteffort/pod12ab/${ID}`,
      `/kubepods.slice/kubepods-pod12ab.slice/cri-containerd-${ID}.scope`,
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/crio-${ID}.scope`,
      `/machine.slice/libpod-${ID}.scope/container`,
      `/machine.slice/libpod-${ID}.scope`,
      `/docker/${OTHER}/docker/${ID}`,
      `/system.slice/docker-${ID}.scope/init.scope`,
    ]
  ) assert.equal(containerIdOf(cgroup), ID, cgroup);
  for (
    const cgroup of [
      null,
      "/",
      "/system.slice/nginx.service",
      `/x/${ID.slice(1)}`,
      `/docker-${ID.slice(4)}.scope`,
      `/machine.slice/libpod-conmon-${ID}.scope`,
    ]
  ) assert.equal(containerIdOf(cgroup), null, String(cgroup));
});

Deno.test("processId: comes back in its parts; anything else is none", () => {
  assert.deepEqual(parseProcessId(processId(42, 1_700_000_000_123)), {
    pid: 42,
    startTimeMs: 1_700_000_000_123,
  });
  for (const id of ["", "42", "0-1", "-1-1", "1-", "1-2-3", "99999999999-1", "1-a"]) {
    assert.equal(parseProcessId(id), null, id);
  }
});
