#!/bin/sh
# SPDX-License-Identifier: MIT
# Build and test Debian's packages on minimal Debian 12 systems. The packages
# named in debian/control must suffice for the build, lintian must report
# nothing, and the programs of debian/tests must work with only these packages
# installed.
#
#   debian.sh [TARBALL]   builds a release, or the files of this tree
#
# The script must run as root, because debootstrap makes the base system. It
# keeps the base system for a week in $ROOTS (build-roots), and stores the
# packages and logs in $BUILD (build-debs). $DEB_BUILD_OPTIONS: nocheck,
# parallel=N.
set -eu
cd "$(dirname "$0")/../.."
roots=${ROOTS:-build-roots}
results=${BUILD:-build-debs}
mkdir -p "$roots/log" "$results"
roots=$(cd "$roots" && pwd)
results=$(cd "$results" && pwd)

needed='debootstrap mount util-linux xz-utils' . test/lib/packages.sh
[ "$(id -u)" = 0 ] || {
  say 'debian.sh makes base systems; run it as root'
  exit 1
}
version=$(sed -n 's/^#define AVOW_VERSION  *"\(.*\)"/\1/p' \
  include/avow/config.h)
orig=avow_$version.orig.tar.xz

work=$(mktemp -d "$roots/XXXXXX")
running=
clean_up() {
  [ -z "$running" ] || kill -KILL "$running" 2>/dev/null || :
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# apart COMMAND...: when it ends, so do its processes and their mounts.
apart() {
  unshare --pid --mount-proc --fork --kill-child "$@" </dev/null &
  running=$!
  status=0
  wait "$running" || status=$?
  running=
  return "$status"
}

archive() {
  [ -z "${DEBIAN_MIRROR:-}" ] || {
    echo "$DEBIAN_MIRROR"
    return
  }
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' \
    'Created-By: Packages' | sed -n 's/^Debian Debian //p' | head -n 1
}

# roots.sh keeps its base systems in the same directory.
make_base() {
  [ -z "$(find "$roots" -maxdepth 1 -name bookworm.made -mtime -7)" ] ||
    return 0
  say "making Debian 12 from $(archive)"
  rm -rf --one-file-system "$roots/bookworm" "$roots/bookworm.made"
  apart debootstrap --variant=minbase bookworm "$roots/bookworm" \
    "$(archive)" >"$roots/log/bookworm" 2>&1 || {
    tail -n 20 "$roots/log/bookworm"
    exit 1
  }
  rm -f "$roots/bookworm"/var/cache/apt/archives/*.deb
  : >"$roots/bookworm.made"
}

# copy_base NAME: makes a system of that name in $work.
copy_base() {
  cp -a --reflink=auto "$roots/bookworm" "$work/$1"
  cp -L /etc/resolv.conf "$work/$1/etc"
  echo '127.0.0.1 localhost' >"$work/$1/etc/hosts" # as on an installed system
  apt-config dump | grep '^Acquire::.*Proxy' \
    >"$work/$1/etc/apt/apt.conf.d/proxy" || :
  # The system is deleted before a crash of the machine could matter.
  echo force-unsafe-io >"$work/$1/etc/dpkg/dpkg.cfg.d/unsafe-io"
  chroot "$work/$1" useradd -m someone
}

# inside SYSTEM USER COMMAND: runs the command in the directory packages of the
# user `someone`. A process that changes its user no longer ends with its
# parent, so the first process keeps its user.
inside() {
  # shellcheck disable=SC2016 # the inner shells expand it
  apart sh -euc '
    mount -t proc proc "$1/proc"
    chroot --userspec="$2:" "$1" env -i \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      HOME=/home/someone LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
      DEB_BUILD_OPTIONS="$4" apt="apt-get -qq -y --no-install-recommends" \
      sh -euc "cd /home/someone/packages; $3" || exit # no exec: see above
  ' inside "$work/$1" "$2" "$3" "${DEB_BUILD_OPTIONS:-parallel=$(nproc)}"
}

# step NAME SYSTEM USER COMMAND
step() {
  began=$(date +%s)
  inside "$2" "$3" "$4" >"$results/$1.log" 2>&1 || {
    tail -n 40 "$results/$1.log"
    echo "test/ship/debian.sh: $1 failed: see $results/$1.log"
    exit 1
  }
  printf '%-10s %4d s\n' "$1" $(($(date +%s) - began))
}

# pack TARBALL: uses that of a release, or makes one if TARBALL is empty.
pack() {
  mkdir "$work/pack"
  if [ -n "$1" ]; then
    cp "$1" "$work/pack/$orig"
    return
  fi
  mkdir "$work/pack/avow-$version"
  git ls-files -co --exclude-standard | while IFS= read -r file; do
    [ ! -e "$file" ] || printf '%s\n' "$file"
  done | tar -cf - -T - | tar -C "$work/pack/avow-$version" -xf -
  # A release names the distribution in place of UNRELEASED.
  sed -i '1s/ UNRELEASED;/ unstable;/' \
    "$work/pack/avow-$version/debian/changelog"
  tar -C "$work/pack" -cJf "$work/pack/$orig" "avow-$version"
}

# unpack SYSTEM: copies the tarball and its sources to the system.
unpack() {
  home=$work/$1/home/someone/packages
  mkdir "$home"
  cp "$work/pack/$orig" "$home"
  tar -C "$home" -xJf "$home/$orig"
  chroot "$work/$1" chown -R someone: /home/someone/packages
}

make_base
pack "${1:-}"
copy_base builder
unpack builder
source=avow-$version
step depends builder root "
  \$apt update; \$apt install build-essential; \$apt build-dep ./$source"
step build builder someone "cd $source; dpkg-buildpackage -us -uc"
rm -f "$results"/*.deb "$results"/avow_*
(cd "$work/builder/home/someone/packages" && cp -- *.deb avow_* "$results")
# A separate step, because packages that lintian needs must not help the build.
step lintian builder root "
  \$apt install lintian
  su someone -c 'lintian --info --pedantic \
    --fail-on error,warning,info,pedantic avow_*.changes'"

copy_base user
unpack user
cp "$results"/*.deb "$work/user/home/someone/packages"
step tests user root "
  \$apt update; \$apt install autopkgtest
  autopkgtest --no-built-binaries ./*.deb ./$source -- null"
grep '^[a-z-]* *PASS' "$results/tests.log"
(cd "$results" && ls -- *.deb)
