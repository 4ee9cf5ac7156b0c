#!/bin/sh
# What Debian's own tools say of a package: check_deb.sh DEB. It fails where one of them finds an error.
set -eu
deb=$1
missing=
while read -r program package; do
    command -v "$program" >/dev/null || missing="$missing $package"
done <<TOOLS
desktop-file-validate desktop-file-utils
appstreamcli appstream
lintian lintian
man man-db
TOOLS
# shellcheck disable=SC2086 # one word for each package
[ -z "$missing" ] || sh "$(dirname "$0")/../apt_install.sh" $missing

files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT
dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$files" ./usr/share
failed=0
check() { # TITLE COMMAND...
    printf '== %s\n' "$1"
    shift
    if "$@"; then echo passed; else failed=1 && echo FAILED; fi
}

# shellcheck disable=SC2329 # called by check
manual_is_clean() {
    said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null)
    [ -z "$said" ] || { printf '%s\n' "$said"; false; }
}

# shellcheck disable=SC2329 # called by check
needs_no_script() {
    said=$(dpkg-deb --ctrl-tarfile "$deb" | tar -t | grep -E '/(pre|post)(inst|rm)$|/config$|/triggers$' || true)
    [ -z "$said" ] || { printf '%s\n' "$said"; false; }
}

check desktop-file-validate desktop-file-validate "$files"/usr/share/applications/*.desktop
check 'appstreamcli validate --no-net' appstreamcli validate --no-net "$files"/usr/share/metainfo/*.metainfo.xml
check 'manual page' manual_is_clean "$files"/usr/share/man/man1/writer.1.gz
check 'no scripts of its own' needs_no_script
check lintian lintian --allow-root --fail-on error --tag-display-limit 0 "$deb"
exit $failed
