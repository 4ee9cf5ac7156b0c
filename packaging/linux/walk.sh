#!/bin/sh
# The first minutes of somebody who has just installed the package, as pictures: walk.sh DEB FOLDER
#
# In a Debian of its own (clean_root.sh) with a panel and a window manager beside the package: the entry in the menu, the
# first start, the notice, Continue, and saving. Needs Xvfb, xdotool, ImageMagick and pngquant here. The places that are
# clicked are those of a window of the first start's size: look at the pictures.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)/build/walk-root
deb=$1 folder=$2
home=$root/home/writer
clean() { sh "$here/clean_root.sh" "$@"; }

clean make "$root"
clean install "$root" "$deb"
clean add "$root" xfwm4 xfce4-panel xfce4-whiskermenu-plugin greybird-gtk-theme elementary-xfce-icon-theme \
    librsvg2-common dbus x11-xserver-utils

settings=$home/.config/xfce4/xfconf/xfce-perchannel-xml
mkdir -p "$home/.config/gtk-3.0" "$settings" "$home/Documents"
cat >"$home/.config/gtk-3.0/settings.ini" <<'END'
[Settings]
gtk-theme-name=Greybird
gtk-icon-theme-name=elementary-xfce
END
cat >"$settings/xfce4-panel.xml" <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="28"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="whiskermenu"/>
    <property name="plugin-2" type="string" value="tasklist"/>
  </property>
</channel>
END
cat >"$settings/xfwm4.xml" <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfwm4" version="1.0">
  <property name="general" type="empty">
    <property name="theme" type="string" value="Greybird"/>
    <property name="use_compositing" type="bool" value="false"/>
  </property>
</channel>
END
chown -R 1000:1000 "$home"

scratch=$(mktemp -d)
show() { exec Xvfb -displayfd 3 -screen 0 1182x856x24 -nolisten tcp -noreset -ac 3>"$scratch/display" 2>/dev/null; }
show &
screen=$!
session=
trap 'kill $session $screen 2>/dev/null; rm -rf "$scratch"' EXIT
while [ ! -s "$scratch/display" ]; do sleep 0.2; done
DISPLAY=:$(cat "$scratch/display")
export DISPLAY
clean run "$root" dbus-run-session -- sh -c "xsetroot -solid '#46565e'; xfwm4 & exec xfce4-panel" >"$scratch/session.log" 2>&1 &
session=$!
sleep 20

mkdir -p "$folder"
take() { # NAME
    import -window root "$scratch/$1.png"
    pngquant --force --strip --quality 70-95 --output "$folder/$1.png" "$scratch/$1.png"
}
click() { xdotool mousemove "$1" "$2" click 1; }
rest() { xdotool mousemove 1157 600 && sleep "$1"; } # the pointer, where nothing is

click 14 14  # the menu
sleep 4
click 358 142  # Office
sleep 2
rest 3
take 1-menu
click 120 52
sleep 20
rest 1
take 2-first-start
xdotool mousemove 970 600
for _ in $(seq 12); do xdotool click 5; done
rest 2
take 3-notice
click 972 790  # I understand
sleep 2
click 165 597  # Begin writing
sleep 2
xdotool key ctrl+Return
rest "${CONTINUE_S:-10}"
take 4-continue
sleep 20
xdotool key ctrl+s
sleep 4
xdotool key ctrl+a
xdotool type --delay 40 ferry.txt
sleep 1
take 5-save
xdotool key Return
sleep 4
rest 1
take 6-saved
test -s "$home/Documents/ferry.txt"
