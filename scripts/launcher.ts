import { UNSTABLE_FLAGS } from "./project.ts";

/** What the launcher script must know of the payload behind it. */
export interface Payload {
  version: string;
  /** Names the unpacked folder: a hash of the payload's content, lower-case hexadecimal. */
  id: string;
  /** Paths of the files in the payload, relative to the unpacked folder. */
  files: readonly string[];
}

/** The runtime's name in the unpacked folder, and so the process's name. */
export const RUNTIME = "horizon";

/** Written last into the payload: its presence says that unpacking came to its end. */
export const LAST_FILE = "complete";

/** The program is what lies in its folder, whatever configuration or network there is around it. */
const ISOLATION = "--no-config --no-lock --no-remote --no-npm";

/** Without its configuration the runtime must be told. */
const FEATURES = UNSTABLE_FLAGS.join(" ");

/**
 * Variables that the launcher sets for the runtime: a cache folder of its own, without which each start takes
 * twice the time and 100 MB more where the user's cannot be written, and no look for newer versions of Deno.
 */
const RUNTIME_VARIABLES = ["DENO_DIR", "DENO_NO_UPDATE_CHECK"];

/**
 * Prepended to the entry module: takes back what the launcher put into the environment, so that the program
 * and the processes it starts see the environment of the caller.
 */
export const PROLOGUE = `for (const name of ${JSON.stringify(RUNTIME_VARIABLES)}) {
  const callers = Deno.env.get("HORIZON_CALLER_" + name);
  if (callers === undefined) Deno.env.delete(name);
  else Deno.env.set(name, callers);
  Deno.env.delete("HORIZON_CALLER_" + name);
}
`;

/**
 * The shell script at the head of the self-extracting executable; the gzip-compressed tar archive follows it
 * byte for byte.
 *
 * It unpacks once, into a folder that only its user can write and that is named by the payload's hash, makes
 * that folder complete before it renames it into place, and then becomes the program (`exec`): process id,
 * signals, arguments and exit code are the program's own. It needs sh, tail, gzip, tar and the usual mkdir, mv,
 * rm, chmod, id, and works with an empty environment in a folder that cannot be written.
 */
export function launcherScript(payload: Payload): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const placeholder = "0000000";
  const length = encoder.encode(scriptText(payload, placeholder)).length;
  // `tail -c +N` counts from one.
  return encoder.encode(scriptText(payload, String(length + 1).padStart(placeholder.length, "0")));
}

function scriptText(payload: Payload, offset: string): string {
  if (!/^[0-9a-f]{16,64}$/.test(payload.id)) throw new RangeError("id is not a hash");
  for (const file of payload.files) {
    if (!/^[\w./-]+$/.test(file)) throw new RangeError(`not to be quoted in a shell: ${file}`);
  }
  return `#!/bin/sh
# Horizon ${payload.version}, self-extracting. What follows the last line is a gzip-compressed tar archive.
PATH=\${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
self=$0
name=horizon-${payload.id}
files='${payload.files.join(" ")}'
problems=

fail() {
  echo "horizon: $*" >&2
  exit 1
}

# A folder of ours that nobody else can write: what lies in it will be executed.
private() {
  [ -d "$1" ] || (umask 077 && mkdir -p "$1") 2>/dev/null
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && chmod 700 "$1" 2>/dev/null && out_of_reach "$1"
}

# Nobody but us and root can put another folder in its place: think of a root that kept its caller's HOME.
out_of_reach() {
  above=$1
  while [ "$above" != / ]; do
    above=\${above%/*}
    above=\${above:-/}
    line=$(ls -ldn "$above/") || return 1
    case $line in ????????w[!tT]*) return 1 ;; esac
    owner=$(third $line)
    [ "$owner" = "$uid" ] || [ "$owner" = "$root" ] || return 1
  done
}

third() {
  echo "$3"
}

# Whether the folder has every file; cleaners of temporary folders may have taken some.
whole() {
  for file in $files; do
    [ -f "$1/$file" ] || return 1
  done
}

unpack() {
  temporary=$1/.unpacking-$$-$(date +%s)
  trap 'rm -rf "$temporary"' EXIT
  trap 'exit 1' HUP INT TERM
  (
    umask 077
    mkdir "$temporary" "$temporary/$name" || exit 1
    { tail -c +${offset} "$self" | gzip -dc || : >"$temporary/broken"; } |
      tar -xf - -C "$temporary/$name" || exit 1
    [ ! -e "$temporary/broken" ] && whole "$temporary/$name"
  ) || { rm -rf "$temporary"; trap - EXIT HUP INT TERM; return 1; }
  # Renaming onto a filled folder fails: the first of several starts wins, the others use its folder.
  mv "$temporary/$name" "$1/" 2>/dev/null
  # Never removed in place: another start may have made it whole a moment ago.
  whole "$1/$name" || { mv "$1/$name" "$temporary/damaged" && mv "$temporary/$name" "$1/"; }
  rm -rf "$temporary"
  trap - EXIT HUP INT TERM
  whole "$1/$name"
}

# Folders of other versions that were not started for 30 days and do not run, and what a kill left half unpacked.
# At best: a start must not fail because an old folder could not be removed.
forget_old() {
  find "$1" -maxdepth 1 \\( -name 'horizon-*' -mtime +30 -o -name '.unpacking-*' -mtime +1 \\) 2>/dev/null |
    while IFS= read -r old; do
      [ "$old" = "$1/$name" ] && continue
      ls -l /proc/[0-9]*/exe 2>/dev/null | grep -qF "$old/" || rm -rf "$old"
    done
}

uid=$(id -u) || fail "cannot tell the user id"
# Where user ids are mapped, root may go by another number; / is root's anyway.
root=$(third $(ls -ldn /))
for base in "$XDG_CACHE_HOME/horizon" "$HOME/.cache/horizon" \\
  "\${TMPDIR:-/tmp}/horizon-$uid" "/var/tmp/horizon-$uid" "/dev/shm/horizon-$uid"; do
  # Relative when its variable is, and at the root when it is unset: not for us.
  case $base in /horizon | /.cache/horizon | [!/]*) continue ;; esac
  case $base in *"
"*) continue ;; esac
  private "$base" || { problems="$problems $base (not ours to write);"; continue; }
  folder=$base/$name
  if ! whole "$folder"; then
    unpack "$base" || {
      tail -c +${offset} "$self" | gzip -t 2>/dev/null || fail "$self is damaged; get it anew"
      problems="$problems $base (unpacking failed);"
      continue
    }
    forget_old "$base"
  fi
  # False on a file system mounted noexec, too.
  [ -x "$folder/${RUNTIME}" ] || { problems="$problems $base (not executable there);"; continue; }
  touch -c "$folder" 2>/dev/null
${RUNTIME_VARIABLES.map(keepCallers).join("\n")}
  DENO_DIR=$folder/runtime_cache
  DENO_NO_UPDATE_CHECK=1
  export ${RUNTIME_VARIABLES.join(" ")}
  # Reading the modules ahead, in a process of its own, keeps 90 MB out of the first start's memory.
  [ -d "$DENO_DIR" ] ||
    "$folder/${RUNTIME}" cache --quiet ${ISOLATION} "$folder/main.js" "$folder/store_worker.js"
  exec "$folder/${RUNTIME}" run --quiet --allow-all --no-prompt ${ISOLATION} ${FEATURES} \\
    "$folder/main.js" "$@"
done
fail "found no folder to unpack into:$problems set XDG_CACHE_HOME to one that can be written and executed from"
`;
}

function keepCallers(name: string): string {
  return `  unset HORIZON_CALLER_${name}
  [ -z "\${${name}+set}" ] || export "HORIZON_CALLER_${name}=$${name}"`;
}
