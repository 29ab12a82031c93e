#!/bin/sh
# Records what Horizon's collectors read of a host, as a tree for tests/fixtures/recorded:
#
#     scripts/record_proc.sh FOLDER PID...
#
# FOLDER must not exist. Of the processes that are named, 16 at most, and of the cgroups they are in
# all files are copied that a collector reads. What may tell something about the host's owner is left out:
# environments are never read, arguments are cut to the program (RECORD_ARGUMENTS=1 keeps them), and of the
# options of mounts only rw or ro stays, and files that are open have no name. Look through the tree before you commit it all the same.
#
# Works with any POSIX shell and with busybox. PROC, SYS and CGROUP may name other roots.
set -u

PROC=${PROC:-/proc}
SYS=${SYS:-/sys}
CGROUP=${CGROUP:-/sys/fs/cgroup}
MAX_FILE_BYTES=65536
MAX_PROCESSES=16
MAX_DESCRIPTORS=16
MAX_DEPTH=16

if [ $# -lt 2 ] || [ $# -gt $((MAX_PROCESSES + 1)) ] || [ -e "$1" ]; then
  echo "usage: $0 NEW_FOLDER PID... (1 to $MAX_PROCESSES)" >&2
  exit 2
fi
out=$1
shift

# A file as it is, when it can be read. One that is there but refuses to be read is left out too.
copy() {
  [ -r "$1" ] && [ ! -d "$1" ] || return 0
  mkdir -p "${2%/*}"
  head -c "$MAX_FILE_BYTES" "$1" > "$2" 2> /dev/null || rm -f "$2"
}

for file in stat meminfo vmstat loadavg uptime swaps diskstats net/dev net/sockstat net/snmp net/netstat \
  pressure/cpu pressure/memory pressure/io pressure/irq sys/fs/file-nr sys/kernel/pid_max sys/kernel/threads-max \
  self/cgroup self/limits; do
  copy "$PROC/$file" "$out/proc/$file"
done
awk '{ split($4, options, ","); print $1, $2, $3, options[1], $5, $6 }' "$PROC/self/mounts" \
  > "$out/proc/self/mounts"

for disk in "$SYS"/block/*; do
  copy "$disk/size" "$out/sys/block/${disk##*/}/size"
done

# The files of a cgroup and of all above it, below one hierarchy.
copy_cgroups() {
  place=$2
  depth=0
  while [ "$depth" -lt "$MAX_DEPTH" ]; do
    for file in cpu.stat cpu.max memory.current memory.events memory.stat memory.peak memory.max io.stat \
      pids.current pids.max cpu.pressure memory.pressure io.pressure cpuacct.stat cpu.cfs_quota_us \
      cpu.cfs_period_us memory.usage_in_bytes memory.failcnt memory.oom_control memory.max_usage_in_bytes \
      memory.limit_in_bytes blkio.throttle.io_service_bytes_recursive blkio.throttle.io_serviced_recursive; do
      copy "$CGROUP/$1$place/$file" "$out/cgroup/$1$place/$file"
    done
    [ -n "$place" ] || break
    place=${place%/*}
    depth=$((depth + 1))
  done
}

for pid in "$@"; do
  [ -d "$PROC/$pid" ] || { echo "no process $pid" >&2; exit 1; }
  for file in stat status io limits cgroup smaps_rollup wchan; do
    copy "$PROC/$pid/$file" "$out/proc/$pid/$file"
  done
  if [ "${RECORD_ARGUMENTS:-0}" = 1 ]; then copy "$PROC/$pid/cmdline" "$out/proc/$pid/cmdline"
  else tr '\0' '\n' < "$PROC/$pid/cmdline" | head -n 1 | tr '\n' '\0' > "$out/proc/$pid/cmdline"
  fi
  program=$(readlink "$PROC/$pid/exe") && [ -n "$program" ] && ln -s "$program" "$out/proc/$pid/exe"
  seen=0
  for descriptor in "$PROC/$pid"/fd/*; do
    target=$(readlink "$descriptor") || continue
    case $target in /dev/*) ;; /*) target=/file ;; esac
    mkdir -p "$out/proc/$pid/fd"
    [ "$seen" -lt "$MAX_DESCRIPTORS" ] && ln -s "$target" "$out/proc/$pid/fd/${descriptor##*/}"
    seen=$((seen + 1))
  done
  while IFS=: read -r id controllers path; do
    [ "$path" = / ] && path=
    if [ "$id" = 0 ]; then
      if [ -d "$CGROUP/unified$path" ]; then copy_cgroups unified "$path"
      elif [ -f "$CGROUP/cgroup.procs" ]; then copy_cgroups . "$path"
      fi
      continue
    fi
    # A hierarchy of several controllers is mounted under all their names, and often each one's.
    [ -d "$CGROUP/$controllers" ] && copy_cgroups "$controllers" "$path"
  done < "$PROC/$pid/cgroup"
done
