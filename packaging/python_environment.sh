#!/bin/sh
# Make a virtual environment from locks: python_environment.sh FOLDER LOCK...
# Installs exactly what the locks say (--no-deps): a lock without hashes is one written by hand.
set -eu
folder=$1
shift
python=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }

command -v "$python" >/dev/null || { say "Writer needs Python 3.11 or newer: install it, then try again."; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "Writer needs Python 3.11 or newer; $("$python" --version) is too old. Name another one: make run PYTHON=python3.12"
    exit 1
}
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    sh "$(dirname "$0")/apt_install.sh" "$package"
fi
say "Setting up $folder (once; a few minutes)."
rm -rf "$folder"
"$python" -m venv "$folder"
for lock in "$@"; do
    hashes=--require-hashes
    grep -q -- '--hash=' "$lock" || hashes=
    # Unquoted on purpose: empty means no option.
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps $hashes -r "$lock"
done
touch "$folder/.ready"
