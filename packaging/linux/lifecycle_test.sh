#!/bin/sh
# Whether a user's texts, models, settings and unsaved words outlive everything that can be done to the package:
#
#   lifecycle_test.sh NEWER.deb OLDER.deb [SCREENSHOTS]
#
# In a Debian of its own (clean_root.sh): install the older, crash in the middle of a sentence, then upgrade, remove,
# reinstall, purge, downgrade; after each step every byte, name and time in the home is compared. After the upgrade, the
# reinstallation and the downgrade the program must offer the sentence that no file holds. Needs Xvfb and xdotool here.
# build_deb.py --version 0.0.9 --uncompressed makes an older package from the same folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)/build/lifecycle-root
newer=$1 older=$2 pictures=${3:-}
home=$root/home/writer
chapter=Documents/chapter.md
sentence="A sentence that nobody saved."
n_failed=0

clean() { sh "$here/clean_root.sh" "$@"; }
tell() { printf '%-8s%s\n' "$1" "$2"; }

check() { # TITLE COMMAND...
    title=$1
    shift
    if "$@"; then tell ok "$title"; else tell FAILED "$title"; n_failed=$((n_failed + 1)); fi
}

everything_at_home() {
    (cd "$home" && find . -printf '%p %M %U:%G %s %T@ %l\n' | sort && find . -type f -exec sha256sum {} + | sort)
}

is_untouched() { everything_at_home | diff "$scratch/at-home" - >&2; }

package() { # WHAT PACKAGE...
    clean "$@" >"$scratch/apt.log" 2>&1 || { tail -n 30 "$scratch/apt.log" >&2; exit 1; }
}

take_away() { # remove or purge
    clean with "$root" chroot "$root" dpkg "--$1" writer-desktop >"$scratch/apt.log" 2>&1 || { cat "$scratch/apt.log" >&2; exit 1; }
}

begin() { # ARGUMENT...
    clean run "$root" writer "$@" >"$scratch/program.log" 2>&1 &
    for _ in $(seq 120); do
        sleep 0.5
        program=$(pgrep -u 1000 -x writer -n) && window=$(xdotool search --onlyvisible --pid "$program" --name Writer) && break
    done
    sleep 5 # a busy machine draws late
}

end() { # SIGNAL
    kill "-$1" "$program"
    while kill -0 "$program" 2>/dev/null; do sleep 0.2; done
}

picture() { # NAME
    [ -z "$pictures" ] || import -window root "$pictures/$1.png"
}

# What the program does to the home must not count against the package: it gets a copy of it.
offers_the_sentence() { # NAME
    cp -a "$home" "$scratch/home"
    begin
    picture "$1"
    found=false
    for _ in $(seq 10); do
        # "Open it", at its place in a window of the first start's size; then save.
        xdotool mousemove --window "$window" 359 713 click 1
        sleep 2
        xdotool key ctrl+s
        sleep 2
        if grep -q "$sentence" "$home/$chapter"; then found=true && break; fi
    done
    end TERM
    rm -rf "$home"
    mv "$scratch/home" "$home"
    $found
}

lists_the_model() { clean run "$root" writer models list | grep -q '^mine '; }
# shellcheck disable=SC2016 # dpkg's own
is_installed() { [ "$(chroot "$root" dpkg-query -W -f '${Version}' writer-desktop)" = "$1" ]; }
is_gone() {
    [ ! -e "$root/usr/bin/writer" ] && [ ! -e "$root/usr/lib/writer-desktop" ] \
        && [ -z "$(find "$root/usr/share" -name '*writer-desktop*' -o -name 'writer.1*')" ] \
        && ! clean run "$root" writer --version 2>/dev/null
}

scratch=$(mktemp -d)
coproc_screen() { exec Xvfb -displayfd 3 -screen 0 1280x900x24 -nolisten tcp -noreset -ac 3>"$scratch/display" 2>/dev/null; }
coproc_screen &
screen=$!
trap 'kill $screen; rm -rf "$scratch"' EXIT
while [ ! -s "$scratch/display" ]; do sleep 0.2; done
DISPLAY=:$(cat "$scratch/display")
export DISPLAY

version_of() { dpkg-deb --field "$1" Version; }
newer_version=$(version_of "$newer") older_version=$(version_of "$older")

package make "$root"
package install "$root" "$older"
check "installed: $older_version" is_installed "$older_version"

# A user's home: texts with odd names, one that is linked, settings, a model of the user's own, and unsaved words.
mkdir -p "$home/Documents/Entwürfe" "$home/.config/writer" "$home/.local/share/writer/models"
printf 'The old sentence.\n' >"$home/$chapter"
printf 'Zweiter Teil.\r\n' >"$home/Documents/Entwürfe/Kapitel 2 – neu.txt"
ln -s chapter.md "$home/Documents/latest.md"
printf 'theme = "sepia"\nwelcomed = true\nacknowledged = true\n' >"$home/.config/writer/settings.toml"
cp -R "$root/usr/lib/writer-desktop/_internal/resources/models/starter" "$home/.local/share/writer/models/mine"
sed -i 's/"id": "starter"/"id": "mine"/' "$home/.local/share/writer/models/mine/manifest.json"
chown -R 1000:1000 "$home"
check "the user's own model is there" lists_the_model
begin "/home/writer/$chapter"
xdotool mousemove --window "$window" 300 300 click 1
xdotool type --delay 40 "$sentence"
sleep 2 # the journal is written within one
picture typed
end KILL
check "the program was killed before it saved" sh -c "! grep -q 'nobody saved' '$home/$chapter'"
check "a journal holds the words" test -n "$(find "$home/.local/state/writer/recovery" -name '*.journal' -size +0)"
everything_at_home >"$scratch/at-home"
tell "" "$(find "$home" -type f | wc -l) files at home"

package install "$root" "$newer"
check "upgraded to $newer_version" is_installed "$newer_version"
check "nothing at home has changed" is_untouched
check "the program offers the words after the upgrade" offers_the_sentence upgraded
check "the user's own model is there" lists_the_model

take_away remove
check "removed" is_gone
check "nothing at home has changed" is_untouched

package install "$root" "$newer"
check "installed again: $newer_version" is_installed "$newer_version"
check "nothing at home has changed" is_untouched
check "the program offers the words after it was removed and installed again" offers_the_sentence reinstalled

take_away purge
check "purged" is_gone
check "dpkg knows nothing of it any more" sh -c "! chroot '$root' dpkg-query -W writer-desktop 2>/dev/null"
check "nothing at home has changed" is_untouched

package install "$root" "$newer"
package install "$root" "$older"
check "downgraded to $older_version" is_installed "$older_version"
check "nothing at home has changed" is_untouched
check "the program offers the words after the downgrade" offers_the_sentence downgraded
check "the user's own model is there" lists_the_model
check "nothing at home has changed" is_untouched

[ $n_failed -eq 0 ] || { tell "" "$n_failed failed"; exit 1; }
