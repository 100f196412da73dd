# SPDX-License-Identifier: MIT
# Functions that set up a build directory. A script sources this file after
# packages.sh.

# configure DIRECTORY OPTION... sets DIRECTORY up, with any contents. A
# usable build directory keeps its other options. An incomplete, broken or
# moved directory, or one of another Meson version, is created again. If that
# fails too, the directory stays unchanged.
configure() {
  directory=$1
  shift
  say "configuring $directory"
  mkdir -p "$directory" && [ -w "$directory" ] || {
    say "cannot write to $directory; set BUILD to another directory"
    exit 1
  }
  command -v meson >/dev/null || {
    say 'Meson is not installed; README.md lists what the build needs'
    exit 1
  }
  again=
  [ ! -f "$directory/meson-private/coredata.dat" ] || again=--reconfigure
  said=$(meson setup $again "$directory" . "$@" 2>&1) || make_anew "$@"
}

make_anew() {
  if [ -d "$directory/meson-private" ] &&
    meson setup "$directory/anew" . "$@" >/dev/null 2>&1; then
    say "$directory is not usable; creating it again"
    rm -rf "$directory"
    said=$(meson setup "$directory" . "$@" 2>&1) && return
  fi
  rm -rf "$directory/anew"
  say "$said"
  exit 1
}
