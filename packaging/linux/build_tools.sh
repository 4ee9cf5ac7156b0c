#!/bin/sh
# Make sure of what it takes to pack the frozen folder as a Debian package: dpkg's own tools, and those libraries of the
# system that it asks for and a window under X does not.
set -eu
known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
missing=
command -v dpkg-shlibdeps >/dev/null || missing="$missing dpkg-dev"
while read -r library package; do
    case "$known" in
        *"$library"*) ;;
        *) missing="$missing $package" ;;
    esac
done <<LIBRARIES
libwayland-client.so.0 libwayland-client0
libwayland-cursor.so.0 libwayland-cursor0
libwayland-egl.so.1 libwayland-egl1
LIBRARIES
# shellcheck disable=SC2086 # one word for each package
[ -z "$missing" ] || sh "$(dirname "$0")/../apt_install.sh" $missing
