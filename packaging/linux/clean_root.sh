#!/bin/sh
# A Debian with nothing in it but what a package asks for, to try that package in. As root:
#
#   clean_root.sh make ROOT                unpack a minimal system into the folder ROOT, replacing what was there
#   clean_root.sh install ROOT DEB...      install packages from files, and from Debian what they declare to need
#   clean_root.sh add ROOT NAME...         install packages of Debian's, for trying the others
#   clean_root.sh lacks ROOT NAME...       fail if one of these programs can be found in it
#   clean_root.sh with ROOT COMMAND...     run a command of this machine while ROOT has its /proc, /dev and X sockets
#   clean_root.sh run ROOT COMMAND...      run a command in ROOT as the user `writer`, without a network
#
# The minimal system is fetched once for each release of Debian (SUITE, bookworm if not said) and kept in build/.
set -eu
suite=${SUITE:-bookworm}
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/build
user=writer

say() { printf '%s\n' "$*" >&2; }

[ $# -ge 2 ] || { sed -n '2,/^set/p' "$0" | grep '^#' | cut -c3- >&2; exit 2; }
[ "$(id -u)" -eq 0 ] || { say "A root of its own takes root's rights: try again with sudo."; exit 1; }
what=$1
mkdir -p "$2"
root=$(cd "$2" && pwd)
shift 2
[ "$root" != / ] || { say "Not this system's own root."; exit 1; }

# Mounts are made in a namespace of their own and end with it, so that removing ROOT can never reach through them.
within() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount --propagation private sh -ec '
        root=$1 cache=$2
        shift 2
        mount -t proc proc "$root/proc"
        mount -t tmpfs -o mode=755 devices "$root/dev"
        for device in null zero full random urandom tty; do
            touch "$root/dev/$device"
            mount --bind "/dev/$device" "$root/dev/$device"
        done
        mkdir "$root/dev/shm" "$root/dev/pts"
        chmod 1777 "$root/dev/shm"
        mkdir -p "$root/tmp/.X11-unix" "$cache"
        [ ! -d /tmp/.X11-unix ] || mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
        mount --bind "$cache" "$root/var/cache/apt/archives"
        exec "$@"
    ' sh "$root" "$build/clean-root-debs" "$@"
}

# The downloads are shared by all roots, and apt gives up when another one has them.
apt() {
    mkdir -p "$build"
    within flock "$build/clean-root-debs.lock" chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
        apt-get -y -q "$@"
}

case $what in
make)
    base=$build/clean-root-$suite.tar
    if [ ! -f "$base" ]; then
        command -v debootstrap >/dev/null || sh "$here/../apt_install.sh" debootstrap
        say "Fetching a minimal Debian $suite (once; some minutes)."
        rm -rf "$base.new"
        debootstrap --variant=minbase "$suite" "$base.new" >"$base.log" || { tail "$base.log" >&2; exit 1; }
        tar --numeric-owner -C "$base.new" -cf "$base.part" .
        rm -rf "$base.new"
        mv "$base.part" "$base"
    fi
    rm -rf --one-file-system "$root"
    mkdir -p "$root"
    tar --numeric-owner -C "$root" -xf "$base"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    # No service starts in it, and no package that is only recommended comes along.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    printf 'APT::Install-Recommends "false";\n' >"$root/etc/apt/apt.conf.d/99clean-root"
    chroot "$root" useradd --create-home --uid 1000 --shell /bin/bash "$user"
    apt update >/dev/null
    ;;
install)
    places=
    for deb in "$@"; do
        cp "$deb" "$root/var/tmp/"
        places="$places /var/tmp/$(basename "$deb")"
    done
    # shellcheck disable=SC2086 # one word for each package
    apt install --allow-downgrades --reinstall $places
    for place in $places; do rm "$root$place"; done
    ;;
add)
    apt install "$@"
    ;;
lacks)
    for name in "$@"; do
        found=$(find "$root/bin/" "$root/sbin/" "$root/usr/bin" "$root/usr/sbin" "$root/usr/local" "$root/opt" \
            \( -type f -o -type l \) -name "$name" 2>/dev/null | head -n 1)
        [ -z "$found" ] || { say "There is a $name after all: $found"; exit 1; }
    done
    ;;
with)
    within "$@"
    ;;
run)
    within unshare --net chroot "$root" runuser -u "$user" -- env -i PATH=/usr/bin:/bin HOME=/home/$user \
        USER=$user LANG=C.UTF-8 ${DISPLAY:+DISPLAY="$DISPLAY"} "$@"
    ;;
*)
    say "$what: not one of make, install, add, lacks, with, run."
    exit 2
    ;;
esac
