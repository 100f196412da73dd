#!/bin/sh
# SPDX-License-Identifier: MIT
# Load avow into programs of other projects, as docs/embedding.md describes. The
# script uses the files in test/ship/hosts and the commands of that page:
#
#   hosts.sh [HOST...]     node, napi, luv, uvloop, neovim; default: all
#
# The hosts are those of Debian 12, or an installed Node with its headers. The
# script builds the checked library and a release build in $BUILD (build-hosts).
# It ends with a table of the results.
set -eu
cd "$(dirname "$0")/../.."
hosts=${*:-node napi luv uvloop neovim}
mkdir -p "${BUILD:=build-hosts}"
build=$(cd "$BUILD" && pwd)
here=$(pwd)/test/ship/hosts
page=$(pwd)/docs/embedding.md

headers_of_node() {
  node=$(command -v node) &&
    [ -f "$(dirname "$node")/../include/node/node_api.h" ]
}

needs() {
  case $1 in
  node) headers_of_node || echo nodejs libnode-dev ;;
  napi) { headers_of_node && command -v npm >/dev/null; } ||
    echo nodejs libnode-dev npm ;;
  luv) echo lua5.4 liblua5.4-dev lua-luv lua-luv-dev ;;
  uvloop) echo python3 python3-uvloop ;;
  neovim) echo neovim ;;
  *) echo "hosts.sh [HOST...]: no such host: $1" >&2; exit 2 ;;
  esac
}

more=
for host in $hosts; do
  more="$more $(needs "$host")"
done
. test/lib/packages.sh

# build_avow TYPE: builds avow and installs it in a directory of its own.
build_avow() {
  [ -f "$build/$1/build.ninja" ] ||
    meson setup "$build/$1" "--buildtype=$1" --default-library=both \
      --prefix="$build/$1/root" --libdir=lib -Dtests=disabled \
      -Dexamples=false -Dbench=false >"$build/$1.log"
  meson install -C "$build/$1" >>"$build/$1.log"
}

# commands_for HOST: prints the page's block below <!-- build HOST -->, with the
# name of the library that is tested.
commands_for() {
  awk -v mark="<!-- build $1 -->" '
    $0 == mark { marked = 1 }
    /^```/ && inside { exit }
    inside { print; n++ }
    /^```/ && marked { inside = 1 }
    END { exit n == 0 }' "$page" >"$work/block" ||
    { say "docs/embedding.md has no block <!-- build $1 -->"; exit 1; }
  sed "s/avow)/$AVOW)/g; s/libavow\.a/lib$AVOW.a/" "$work/block"
}

cc() {
  command cc -std=gnu11 -g -O1 -Wall -Wextra -Werror "$@"
}

# plug_in HOST SOURCE: runs the page's commands beside a copy of the source.
plug_in() {
  cp "$2" "$work/later.c"
  commands_for "$1" >"$work/commands"
  (cd "$work" && . ./commands)
}

node_version() {
  node --version
}

# Also tests the add-on that the page warns of, and one that tests the stacks.
test_node() {
  cp "$here/node/stacks.c" "$work/later.c"
  (cd "$work" && . ./commands && mv later.node stacks.node)
  plug_in node "$here/node/later.c"
  (cd "$work" && sed 's/later\.node/linked.node -Wl,--no-as-needed -luv/' \
    commands >linked && . ./linked)
  OWN_LIBUV=1
  ! ldd "$(command -v node)" | grep -q -e libuv -e libnode || OWN_LIBUV=
  ADDONS=$work OWN_LIBUV=$OWN_LIBUV node "$here/node/test.js"
}

# npm runs the commands of the package without a network.
build_package() {
  cp -R "$(pwd)/examples/napi" "$work/package"
  (cd "$work/package" && npm install --offline --no-audit --no-fund)
}

napi_version() {
  node --version
}

# Also tests an add-on with mistakes.
test_napi() {
  build_package &&
    said=$(cd "$work/package" && node demo.js | tail -n 2 | tr '\n' ' ') &&
    [ "$said" = '42 ETIMEDOUT: timed out ' ] &&
    echo "ok   the demo prints the expected lines" &&
    cp -R "$work/package" "$work/mistaken" &&
    cp "$here/napi/mistakes.c" "$work/mistaken/files.c" &&
    (cd "$work/mistaken" && sh build.sh) &&
    ADDON=$work/mistaken CHECKED=$checked node "$here/napi/mistakes.js" &&
    ADDON=$work/package node --expose-gc "$here/napi/test.js" &&
    rm -r "$work/package" "$work/mistaken"
}

luv_version() {
  dpkg-query -W -f '${Version}' lua-luv
}

test_luv() {
  LUA_CPATH="$work/?.so;;" lua5.4 "$here/luv/test.lua"
}

uvloop_version() {
  dpkg-query -W -f '${Version}' python3-uvloop
}

test_uvloop() {
  LATER=$work/liblater.so PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3 "$here/uvloop/test.py"
}

neovim_version() {
  dpkg-query -W -f '${Version}' neovim
}

test_neovim() {
  LATER=$work/liblater.so CHECKED=$checked nvim --headless -u NONE -i NONE -n \
    -c "luafile $here/neovim/test.lua" -c 'sleep 60 | cquit'
}

source_for() {
  case $1 in
  node | luv) echo "$here/$1/later.c" ;;
  *) echo "$here/later.c" ;;
  esac
}

# try HOST TYPE: builds and tests the plug-in, and adds a row to the table.
try() {
  log=$build/$1-$2.log
  outcome=passed
  {
    { [ "$1" = napi ] || plug_in "$1" "$(source_for "$1")"; } && "test_$1"
  } >"$log" 2>&1 || outcome=FAILED
  passed=$(grep -c '^ok ' "$log") || :
  [ "$(tail -n 1 "$log")" = 'done' ] || outcome=FAILED
  [ "$outcome" = passed ] || { cat "$log"; failed=1; }
  printf '%-8s %-18s %-8s %7d  %s\n' "$1" "$("$1_version")" "$2" "$passed" \
    "$outcome" >>"$build/table"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
printf '%-8s %-18s %-8s %7s  %s\n' host version avow checks outcome \
  >"$build/table"
for type in debug release; do
  build_avow "$type"
  checked=0
  export AVOW=avow
  [ "$type" = release ] || { checked=1 AVOW=avow-checked; }
  export PKG_CONFIG_PATH="$build/$type/root/lib/pkgconfig"
  export LD_RUN_PATH="$build/$type/root/lib"
  for host in $hosts; do
    try "$host" "$type"
  done
done
cat "$build/table"
awk 'NR > 1 { n++; checks += $(NF - 1); bad += $NF != "passed" }
  END { print "result: " n " hosts and builds, " checks " checks passed, " \
    bad " failed" }' "$build/table"
exit $failed
