#!/bin/sh
# Installs avow into a folder of its own and builds a program against it, by
# pkg-config with the shared and the static library; then builds the same
# program with avow as a Meson subproject.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/main.c" <<'C'
#include <avow.h>

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  if (avow_loop_init(loop, NULL) != 0)
    return 1;
  avow_value_t v = avow_run(avow_promise_resolve(loop, avow_int(42)));
  if (avow_to_int(&v) != 42 || avow_loop_close(loop) != 0)
    return 1;
  return uv_loop_close(loop);
}
C

meson setup "$work/build" "$root" --prefix="$work/prefix" --libdir=lib \
  -Dtests=disabled -Dexamples=false -Dbench=false >/dev/null
meson install -C "$work/build" --quiet
export PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig"
# shellcheck disable=SC2046 # lists of flags
cc "$work/main.c" -o "$work/shared" $(pkg-config --cflags --libs avow)
LD_LIBRARY_PATH="$work/prefix/lib" "$work/shared"
# shellcheck disable=SC2046 # lists of flags
cc "$work/main.c" -o "$work/static" $(pkg-config --cflags avow) \
  "$work/prefix/lib/libavow.a" $(pkg-config --libs libuv) -pthread
"$work/static"
[ -f "$work/prefix/lib/libavow.so.0" ]
[ -f "$work/prefix/share/avow/avow-gdb.py" ]
[ "$(pkg-config --modversion avow)" = \
  "$(sed -n 's/^#define AVOW_VERSION  *"\(.*\)"/\1/p' include/avow/version.h)" ]

# What the shared library shows is what the headers say.
nm -D --defined-only "$work/prefix/lib/libavow.so" | awk '{ print $3 }' |
  grep -v '^avow_[a-z]' >"$work/strays" || true
if [ -s "$work/strays" ]; then
  echo 'exported by mistake:'
  cat "$work/strays"
  exit 1
fi

mkdir -p "$work/user/subprojects"
git archive HEAD --prefix=avow/ | tar x -C "$work/user/subprojects"
cp "$work/main.c" "$work/user"
cat >"$work/user/meson.build" <<'M'
project('user', 'c')
executable('user', 'main.c', dependencies: dependency('avow',
  fallback: 'avow', default_options: ['tests=disabled']))
M
unset PKG_CONFIG_PATH
meson setup "$work/user/build" "$work/user" >/dev/null
ninja -C "$work/user/build" --quiet
"$work/user/build/user"
echo 'installed, linked both ways, and built as a subproject'
