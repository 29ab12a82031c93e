import type { ProcessGroupConfig } from "../../mod/config/processes_section.ts";
import type { ProcessGroup } from "./grouping.ts";

/**
 * The groups of the configuration in the form that processes are matched with. Patterns are
 * those that the configuration has accepted.
 */
export function configuredGroups(groups: readonly ProcessGroupConfig[]): ProcessGroup[] {
  return groups.map(({ service, match, children }) => ({
    service,
    children,
    match: {
      name: match.name ?? undefined,
      executable: match.executable ?? undefined,
      commandLine: match.command_line === null ? undefined : new RegExp(match.command_line, "u"),
      pidFile: match.pid_file ?? undefined,
      parent: match.parent ?? undefined,
      cgroup: match.cgroup ?? undefined,
    },
  }));
}

/** Services of which a process that is gone without a word has crashed. */
export function watchedServices(groups: readonly ProcessGroupConfig[]): ReadonlySet<string> {
  return new Set(groups.filter(({ watch }) => watch).map(({ service }) => service));
}
