# SPDX-License-Identifier: MIT
# How the scripts set up a directory to build in. To be sourced after
# packages.sh.

# DIRECTORY OPTION...: whatever stands there. What is fit for use keeps the rest
# of its options; what is half made, broken, of another Meson or was moved is
# made anew. If that does not work either, it stays as it is.
configure() {
  directory=$1
  shift
  say "configuring $directory"
  mkdir -p "$directory" && [ -w "$directory" ] || {
    say "cannot write to $directory: name another directory in BUILD"
    exit 1
  }
  command -v meson >/dev/null || {
    say 'meson is not here; README.md says what avow is built with'
    exit 1
  }
  again=
  [ ! -f "$directory/meson-private/coredata.dat" ] || again=--reconfigure
  said=$(meson setup $again "$directory" . "$@" 2>&1) || make_anew "$@"
}

make_anew() {
  if [ -d "$directory/meson-private" ] &&
    meson setup "$directory/anew" . "$@" >/dev/null 2>&1; then
    say "$directory cannot be used as it is: it is made anew"
    rm -rf "$directory"
    said=$(meson setup "$directory" . "$@" 2>&1) && return
  fi
  rm -rf "$directory/anew"
  say "$said"
  exit 1
}
