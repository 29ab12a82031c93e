#!/bin/sh
# Boots a Linux kernel in a virtual machine, brings up processes and cgroups that have something to show, and
# records them with record_proc.sh:
#
#     scripts/record_kernel.sh v1|v2 VMLINUZ MODULES_FOLDER NEW_FOLDER
#
# ACCELERATION=kvm is faster where it works; the default emulates the processor. Needs qemu-system-x86_64, gcc, a static busybox, cpio and xz. MODULES_FOLDER is searched for the virtio modules; the
# kernels of Debian's linux-image-*-cloud-amd64 packages do (`dpkg-deb -x` unpacks one). The tests need none of this:
# they read what was recorded.
set -eu

hierarchy=$1
kernel=$2
modules=$3
out=$4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/modules"
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$here/record_proc.sh" "$root/record_proc.sh"

# virtio_pci needs the two it is made of since 5.17; where one is missing it is built in.
order=0
for name in virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk failover net_failover \
  virtio_net; do
  file=$(find "$modules" -name "$name.ko*" | head -n 1)
  order=$((order + 1))
  case $file in
    *.xz) xz -dc "$file" > "$root/modules/$order.ko" ;;
    ?*) cp "$file" "$root/modules/$order.ko" ;;
  esac
done

cat > "$work/guest.c" <<'C'
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *idle(void *arg) { for (;;) pause(); return arg; }

/* guest threads N | hold MIB | burn | zombie */
int main(int argc, char **argv) {
  int n = argc > 2 ? atoi(argv[2]) : 0;
  if (argc < 2) return 2;
  if (!strcmp(argv[1], "threads")) {
    pthread_t thread;
    if (setuid(1000) != 0) return 1;
    while (n-- > 1) pthread_create(&thread, NULL, idle, NULL);
  } else if (!strcmp(argv[1], "hold")) {
    for (size_t i = 0; i < (size_t)n << 20; i += 4096) *(volatile char *)(malloc(4096)) = 1;
  } else if (!strcmp(argv[1], "burn")) {
    for (;;) ;
  } else if (!strcmp(argv[1], "zombie")) {
    if (fork() == 0) _exit(3);
  }
  idle(NULL);
}
C
gcc -O1 -static -pthread -o "$root/bin/guest" "$work/guest.c"

cat > "$root/init" <<'I'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# Twice: which of them needs which is not the same in all kernels.
for module in 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9; do insmod /modules/$module.ko 2> /dev/null; done
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up
mkswap /dev/vdb > /dev/null && swapon /dev/vdb

case $(cat /proc/cmdline) in
  *hierarchy=v2*)
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    for group in . shop.slice; do
      mkdir -p /sys/fs/cgroup/$group
      for controller in cpu memory io pids; do echo +$controller > /sys/fs/cgroup/$group/cgroup.subtree_control; done
    done
    new_group() { # name memory_bytes quota_us tasks
      mkdir /sys/fs/cgroup/shop.slice/$1
      echo $2 > /sys/fs/cgroup/shop.slice/$1/memory.max
      [ "$5" = swap ] || echo 0 > /sys/fs/cgroup/shop.slice/$1/memory.swap.max
      echo "$3 100000" > /sys/fs/cgroup/shop.slice/$1/cpu.max
      echo $4 > /sys/fs/cgroup/shop.slice/$1/pids.max
    }
    enter() { echo $2 > /sys/fs/cgroup/shop.slice/$1/cgroup.procs; }
    ;;
  *)
    mount -t tmpfs tmpfs /sys/fs/cgroup
    v1="cpu,cpuacct memory blkio pids"
    for controllers in $v1; do
      mkdir /sys/fs/cgroup/$controllers
      mount -t cgroup -o $controllers cgroup /sys/fs/cgroup/$controllers || rmdir /sys/fs/cgroup/$controllers
    done
    mkdir /sys/fs/cgroup/systemd && mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
    v1=$(cd /sys/fs/cgroup && echo *)
    put() { [ ! -e "$2" ] || echo "$1" > "$2"; }
    put 1 /sys/fs/cgroup/memory/memory.use_hierarchy
    new_group() {
      for controllers in $v1; do mkdir -p /sys/fs/cgroup/$controllers/shop.slice/$1; done
      put $2 /sys/fs/cgroup/memory/shop.slice/$1/memory.limit_in_bytes
      [ "$5" = swap ] || put 0 /sys/fs/cgroup/memory/shop.slice/$1/memory.swappiness
      put ${3%max} /sys/fs/cgroup/cpu,cpuacct/shop.slice/$1/cpu.cfs_quota_us 2> /dev/null
      put $4 /sys/fs/cgroup/pids/shop.slice/$1/pids.max
    }
    enter() { for controllers in $v1; do echo $2 > /sys/fs/cgroup/$controllers/shop.slice/$1/cgroup.procs; done; }
    ;;
esac
new_group web.service 67108864 30000 64 noswap
new_group leaky.service 16777216 max max noswap
new_group batch.service 12582912 max max swap

# start GROUP COMMAND...: in a cgroup from its first instruction, without an environment; $! is its pid.
start() {
  group=$1
  shift
  sh -c 'while [ ! -e /tmp/go ]; do usleep 1000; done; rm /tmp/go; exec "$@"' start env -i "$@" \
    < /dev/null > /dev/null 2>&1 &
  pid=$!
  enter $group $pid
  touch /tmp/go
  while [ -e /tmp/go ]; do usleep 1000; done
  pids="$pids $pid"
}
pids="1 2"
start web.service /bin/guest threads 24
start web.service /bin/guest burn
start web.service /bin/guest zombie
zombie_parent=$pid
start web.service /bin/sleep 1000
kill -STOP $pid
cp /bin/guest '/tmp/a) S (b'
start leaky.service '/tmp/a) S (b' threads 1
cp /bin/guest /tmp/replaced
start leaky.service /tmp/replaced threads 2
rm /tmp/replaced
start batch.service /bin/guest hold 24
start leaky.service /bin/guest hold 64
leaky=$pid
pids=${pids% *}
wait $leaky
start web.service /bin/sh -c 'dd if=/dev/vda of=/dev/null bs=64k count=16 iflag=direct; dd if=/dev/zero of=/dev/vda bs=64k count=4 oflag=direct; exec /bin/sleep 1000'
nc -l -p 80 < /dev/zero > /dev/null &
sleep 1
nc 127.0.0.1 80 > /dev/null < /dev/zero &
sleep 3
zombie=$(awk -v parent=$zombie_parent '$3 == "Z" && $4 == parent { print $1 }' /proc/[0-9]*/stat)
sh /record_proc.sh /tmp/tree $pids $zombie > /tmp/record.log 2>&1
cat /tmp/record.log
# A disk that the host sees as a file: the archive's length, then itself.
tar -cf /tmp/tree.tar -C /tmp/tree . && dd if=/tmp/tree.tar of=/dev/vdc bs=64k conv=fsync 2> /dev/null
echo recorded
poweroff -f
I
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) > "$work/initrd"
truncate -s 32M "$work/data"
truncate -s 64M "$work/swap"
truncate -s 32M "$work/tree"
pressure=$([ "$hierarchy" = v2 ] && echo psi=1 || echo psi=0)
timeout 300 qemu-system-x86_64 -machine accel=${ACCELERATION:-tcg} -cpu max -smp 2 -m 256 -nographic -no-reboot \
  -kernel "$kernel" -initrd "$work/initrd" -append "console=ttyS0 quiet panic=-1 hierarchy=$hierarchy $pressure" \
  -drive "file=$work/data,format=raw,if=virtio" -drive "file=$work/swap,format=raw,if=virtio" \
  -drive "file=$work/tree,format=raw,if=virtio" -netdev user,id=net -device virtio-net-pci,netdev=net \
  < /dev/null
mkdir "$out"
tar -xf "$work/tree" -C "$out" --no-same-owner
