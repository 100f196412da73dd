#!/bin/sh
# Builds avow for machines that this one is not, and runs the core suite there:
#
#   machines.sh [i386|aarch64|s390x]...   all of them
#
# For Debian 12 on x86-64, as root, for it installs compilers and emulators. The
# libraries of a machine are unpacked below $BUILD (build-machines): nothing of
# another architecture is installed. Says at the end which passed.
set -eu
cd "$(dirname "$0")/.."
all='i386 aarch64 s390x'
build=${BUILD:-build-machines}
mkdir -p "$build"
build=$(cd "$build" && pwd)

# ARCHITECTURE COMMAND...: apt, with lists and a cache of its own, so that what
# is installed on this machine does not matter and does not change.
apt_for() {
  architecture=$1
  shift
  apt=$build/apt-$architecture
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  apt-get -qq -o Dir::State="$apt" -o Dir::State::status="$apt/status" \
    -o Dir::Cache="$apt/cache" -o APT::Architecture="$architecture" \
    -o APT::Architectures="$architecture" -o APT::Sandbox::User=root "$@"
}

# ARCHITECTURE PACKAGE...: unpacks them into a directory of their own.
unpack() {
  root=$build/root-$1
  [ ! -d "$root" ] || return 0
  apt_for "$1" update || true # one list of several, which may not be needed
  mkdir -p "$root.new"
  (cd "$root.new" && apt_for "$1" download "$2" "$3" "$4" "$5")
  for package in "$root.new"/*.deb; do
    dpkg -x "$package" "$root.new"
  done
  mv "$root.new" "$root"
}

# ARCHITECTURE TRIPLET CPU-FAMILY ENDIAN LOADER [EMULATOR]: a Meson cross file.
# Programs name their loader and where libraries are, so that an emulator need
# not pretend that the root of the file system is another one.
describe() {
  root=$build/root-$1/usr
  lib=$root/lib/$(echo "$2" | sed s/i686/i386/)
  cat <<END
[binaries]
c = '$2-gcc'
ar = '$2-ar'
strip = '$2-strip'
pkgconfig = 'pkg-config'
${6:+exe_wrapper = '$6'}
[properties]
pkg_config_libdir = '$lib/pkgconfig'
[built-in options]
c_args = ['-isystem', '$root/include']
c_link_args = ['-L$lib', '-Wl,-rpath,/usr/$2/lib:$lib',
  '-Wl,--dynamic-linker=/usr/$2/lib/$5']
[host_machine]
system = 'linux'
cpu_family = '$3'
cpu = '$3'
endian = '$4'
END
}

# MACHINE PATIENCE: builds, and runs the core suite with so many times the time.
check() {
  [ -f "$build/$1/build.ninja" ] ||
    meson setup "$build/$1" --cross-file "$build/$1.ini" -Dtests=enabled \
      -Dwerror=true -Dexamples=false -Dbench=false >/dev/null
  ninja -C "$build/$1" --quiet
  meson test -C "$build/$1" --suite core --print-errorlogs --quiet \
    --timeout-multiplier="$2"
}

# MACHINE PATIENCE ARCHITECTURE TRIPLET...
linux() {
  machine=$1
  patience=$2
  shift 2
  unpack "$1" libuv1 libuv1-dev libcmocka0 libcmocka-dev
  describe "$@" >"$build/$machine.ini"
  check "$machine" "$patience"
}

install_packages() {
  more="$*" . test/packages.sh
}

test_machine() {
  case $1 in
  i386)
    install_packages gcc-i686-linux-gnu libc6-dev-i386-cross
    linux i386 1 i386 i686-linux-gnu x86 little ld-linux.so.2
    ;;
  aarch64)
    install_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross \
      qemu-user-static
    linux aarch64 10 arm64 aarch64-linux-gnu aarch64 little \
      ld-linux-aarch64.so.1 qemu-aarch64-static
    ;;
  s390x)
    install_packages gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user-static
    linux s390x 10 s390x s390x-linux-gnu s390x big ld64.so.1 qemu-s390x-static
    ;;
  *)
    echo "no such machine: $1" >&2
    return 2
    ;;
  esac
}

if [ $# = 1 ]; then
  test_machine "$1"
  exit
fi

results=
failed=0
for machine in ${*:-$all}; do
  printf '\n== %s\n' "$machine"
  result=passed
  sh test/machines.sh "$machine" || { result=FAILED; failed=1; }
  results="$results$machine: $result\n"
done
printf "\n$results"
exit "$failed"
