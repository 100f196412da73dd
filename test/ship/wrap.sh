#!/bin/sh
# SPDX-License-Identifier: MIT
# Make avow's entry for WrapDB from the tarball of a release, and test it in a
# project that has only the entry and the tarball, without a network:
#
#   wrap.sh TARBALL URL DIRECTORY
#
# URL is the future address of the tarball. The script creates DIRECTORY and
# writes the files for WrapDB to it.
set -eu
cd "$(dirname "$0")/../.."
. test/lib/packages.sh
[ $# = 3 ] || {
  sed -n '2,/^set/{/SPDX/d;s/^# \{0,1\}//p;}' "$0" >&2
  exit 2
}
tarball=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
url=$2
mkdir -p "$3/subprojects"
entry=$(cd "$3" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "test/ship/wrap.sh: $*" >&2
  exit 1
}

name=$(basename "$tarball" .tar.xz)
version=${name#avow-}
names=
for library in avow avow-curl avow-nats avow-tls avow-sim; do
  names="${names:+$names }$library $library-checked"
done
# shellcheck disable=SC2086 # a list of words
quoted=$(printf '"%s", ' $names)

cat >"$entry/subprojects/avow.wrap" <<END
[wrap-file]
directory = $name
source_url = $url
source_filename = $name.tar.xz
source_hash = $(sha256sum "$tarball" | cut -d ' ' -f 1)

[provide]
dependency_names = $(echo "$names" | sed 's/ /, /g')
END
cat >"$entry/releases.json" <<END
{
  "avow": {
    "dependency_names": [${quoted%, }],
    "versions": ["$version-1"]
  }
}
END
cat >"$entry/ci_config.json" <<END
{
  "avow": {
    "debian_packages": ["libuv1-dev"],
    "fedora_packages": ["libuv-devel"],
    "alpine_packages": ["libuv-dev"],
    "brew_packages": ["libuv"]
  }
}
END
python3 -m json.tool "$entry/releases.json" >/dev/null
python3 -m json.tool "$entry/ci_config.json" >/dev/null

# Meson finds the tarball in its cache, so it must not access the URLs, which do
# not exist yet.
project=$work/project
mkdir -p "$project/subprojects/packagecache"
cp "$entry/subprojects/avow.wrap" "$project/subprojects"
cp "$tarball" "$project/subprojects/packagecache"
cp test/ship/parents/program.c "$project"
cat >"$project/meson.build" <<'END'
project('scratch', 'c', meson_version: '>= 1.0.0')
executable('program', 'program.c', dependencies: dependency('avow'))
END
# alone COMMAND...: runs the command without a network if that is permitted.
alone() {
  if unshare -n true 2>/dev/null; then
    unshare -n "$@"
  else
    "$@"
  fi
}
alone meson setup "$work/build" "$project" --force-fallback-for=avow \
  >"$work/log" 2>&1 || { cat "$work/log"; fail 'meson setup fails'; }
ninja -C "$work/build" program >"$work/log" 2>&1 ||
  { cat "$work/log"; fail 'ninja fails'; }
"$work/build/program" >"$work/out" || fail 'the program fails'

# Meson must reject a modified tarball.
printf x >>"$project/subprojects/packagecache/$name.tar.xz"
rm -rf "$project/subprojects/$name"
! alone meson setup "$work/changed" "$project" --force-fallback-for=avow \
  >"$work/log" 2>&1 || fail 'Meson accepts a modified tarball'
grep -qi 'hash' "$work/log" || { cat "$work/log"; fail 'no hash in the error'; }
echo "the WrapDB entry of avow $version builds a program without a network"
