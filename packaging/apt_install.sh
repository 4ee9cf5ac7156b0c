#!/bin/sh
# Install Debian packages without questions when we may; else say which line to type, and stop.
set -eu
line="apt-get install -y --no-install-recommends $*"
if ! command -v apt-get >/dev/null; then
    echo "Some system packages are missing. Under Debian they are called: $*. Install your system's own, then try again." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Some system packages are missing. Type this, then try again:" >&2
    echo "    sudo apt-get update && sudo $line" >&2
    exit 1
fi
echo "Installing system packages: $*" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get update && $line; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "The system packages could not be installed (see above). Check the network, then try again." >&2
    exit 1
fi
