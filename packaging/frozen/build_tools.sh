#!/bin/sh
# Make sure of the programs that freezing takes on Linux: build_tools.sh PYTHON
set -eu
[ "$(uname)" = Linux ] || exit 0
python=$1
missing=
command -v readelf >/dev/null && command -v strip >/dev/null || missing="$missing binutils"
command -v xz >/dev/null || missing="$missing xz-utils"
# The frozen program carries Python as a shared library, which Debian keeps in a package of its own.
"$python" -c '
import ctypes, sys, sysconfig
if sysconfig.get_config_var("Py_ENABLE_SHARED"):
    name, folder = (sysconfig.get_config_var(key) for key in ("INSTSONAME", "LIBDIR"))
    try:
        ctypes.CDLL(name)
    except OSError:
        ctypes.CDLL(folder + "/" + name)
' 2>/dev/null || missing="$missing $("$python" -c 'import sys; print("libpython%d.%d" % sys.version_info[:2])')"
[ -z "$missing" ] || sh "$(dirname "$0")/../apt_install.sh" $missing
