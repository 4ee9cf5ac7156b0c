#!/bin/sh
# Make sure of what Qt needs from the system: system_libraries.sh window|tests
set -eu
[ "$(uname)" = Linux ] || exit 0
purpose=$1
if [ "$purpose" = window ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}${QT_QPA_PLATFORM:-}" ]; then
    exit 0 # no display: Writer will write in the terminal
fi
known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
missing=
while read -r library package; do
    case "$known" in
        *"$library"*) ;;
        *) missing="$missing $package" ;;
    esac
done <<LIBRARIES
libEGL.so.1 libegl1
libGL.so.1 libgl1
libglib-2.0.so.0 libglib2.0-0
libdbus-1.so.3 libdbus-1-3
libfontconfig.so.1 libfontconfig1
libxkbcommon.so.0 libxkbcommon0
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libX11-xcb.so.1 libx11-xcb1
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-xkb.so.1 libxcb-xkb1
LIBRARIES
command -v fc-list >/dev/null || missing="$missing fontconfig"
if ! command -v fc-list >/dev/null || [ -z "$(fc-list | head -n 1)" ]; then
    missing="$missing fonts-dejavu-core"
fi
if [ "$purpose" = tests ]; then
    command -v Xvfb >/dev/null || missing="$missing xvfb"
    command -v xdotool >/dev/null || missing="$missing xdotool"
    command -v strace >/dev/null || missing="$missing strace"
    [ "$(uname -m)" != x86_64 ] || command -v qemu-x86_64 >/dev/null || missing="$missing qemu-user"
fi
[ -z "$missing" ] || sh "$(dirname "$0")/apt_install.sh" $missing
