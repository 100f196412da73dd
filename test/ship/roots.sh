#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the two commands of README.md on systems without further packages:
#
#   roots.sh [SUITE]...   bookworm, sid, noble, jammy; default: all
#   roots.sh --quick      only Debian 12 and the first command
#
# The script must run as root, because debootstrap makes the base systems. It
# keeps these unused for a week in $ROOTS (build-roots). The commands run in
# copies, in namespaces of their own. The copies are deleted afterwards.
#
# $DEBIAN_MIRROR and $UBUNTU_MIRROR name the archives; the default is those of
# this machine's apt. A system is skipped if its archive is unknown or not
# reachable. Debian 12 has only /proc, as in a plain chroot. The other systems
# have all usual mounts.
set -eu
cd "$(dirname "$0")/../.."
roots=${ROOTS:-build-roots}
mkdir -p "$roots/log"
roots=$(cd "$roots" && pwd)

needed='debootstrap mount util-linux' . test/lib/packages.sh
[ "$(id -u)" = 0 ] || {
  say 'roots.sh makes base systems; run it as root'
  exit 1
}

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

# command_of N: prints the Nth command of README.md, a block of one line.
command_of() {
  sed -n '/^```$/ { n; /^sh /p; }' README.md | sed -n "$1p"
}
first=$(command_of 1)
second=$(command_of 2)
[ -n "$second" ] && [ -z "$(command_of 3)" ] || {
  say 'README.md must have two commands that start with "sh "'
  exit 1
}

name_of() {
  case $1 in
  bookworm) echo 'Debian 12' ;;
  sid) echo 'Debian sid' ;;
  noble) echo 'Ubuntu 24.04' ;;
  jammy) echo 'Ubuntu 22.04' ;;
  *)
    say "no such system: $1"
    exit 2
    ;;
  esac
}

# archive_of SUITE: prints the URL of its archive, or nothing.
archive_of() {
  case $(name_of "$1") in
  Debian*) from_apt Debian "${DEBIAN_MIRROR:-}" ;;
  Ubuntu*) from_apt Ubuntu "${UBUNTU_MIRROR:-}" ;;
  esac
}

# from_apt DISTRIBUTION MIRROR
from_apt() {
  if [ -n "$2" ]; then
    echo "$2"
  else
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' \
      'Created-By: Packages' | sed -n "s/^$1 $1 //p" | head -n 1
  fi
}

# make_root SUITE MIRROR: makes a plain system without parts of this project.
# debootstrap treats all later suites as it treats sid or gutsy.
make_root() {
  say "making $(name_of "$1") from $2"
  rm -rf --one-file-system "$roots/$1" "$roots/$1.made"
  case $(name_of "$1") in
  Debian*) set -- "$@" sid main ;;
  Ubuntu*) set -- "$@" gutsy main,universe ;;
  esac
  apart debootstrap --variant=minbase --components="$4" "$1" "$roots/$1" \
    "$2" "$3" >"$roots/log/$1" 2>&1 || return
  rm -f "$roots/$1"/var/cache/apt/archives/*.deb
  : >"$roots/$1.made"
}

# is_bare SUITE: tells whether the system is unused and less than a week old.
is_bare() {
  [ -n "$(find "$roots" -maxdepth 1 -name "$1.made" -mtime -7)" ] &&
    [ ! -e "$roots/$1/usr/bin/cc" ] && [ ! -e "$roots/$1/usr/bin/meson" ]
}

# is_plain SUITE: the system gets no pseudo-terminals and no /etc/hosts.
is_plain() {
  [ "$1" = bookworm ]
}

# copy_root SUITE: makes a copy with the project and the user `newcomer`.
copy_root() {
  cp -a --reflink=auto "$roots/$1" "$work/root"
  cp -L /etc/resolv.conf "$work/root/etc"
  if is_plain "$1"; then
    rm -f "$work/root/etc/hosts"
  else
    cp -L /etc/hosts "$work/root/etc"
  fi
  apt-config dump | grep '^Acquire::.*Proxy' \
    >"$work/root/etc/apt/apt.conf.d/proxy" || :
  chroot "$work/root" useradd -m newcomer
  for home in root home/newcomer; do
    mkdir "$work/root/$home/with space"
    tar -c --exclude=./.git --exclude='./build*' . |
      tar -x -C "$work/root/$home/with space"
  done
  chroot "$work/root" chown -R newcomer: /home/newcomer
}

# inside SUITE USER COMMAND: runs the command with a default environment.
inside() {
  mounted=usual
  ! is_plain "$1" || mounted=proc
  # shellcheck disable=SC2016 # the inner shells expand it
  apart sh -euc '
    mount -t proc proc "$1/proc"
    if [ "$5" = usual ]; then
      mount -t sysfs -o ro sysfs "$1/sys"
      mount -t tmpfs tmpfs "$1/dev/shm"
      mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
      ln -sf pts/ptmx "$1/dev/ptmx"
    fi
    exec chroot --userspec="$2:" "$1" env -i PATH="$4" sh -c "
      HOME=\$(getent passwd $2 | cut -d: -f6)
      export HOME
      cd \"\$HOME/with space\"
      $3"
  ' inside "$work/root" "$2" "$3" \
    /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$mounted"
}

row() {
  printf '%-13s %-22s %-9s %7s  %s\n' "$@" >>"$work/table"
  tail -n 1 "$work/table"
}

# is_so OUTCOME STATUS LOG: tells whether the command had that outcome.
is_so() {
  case $1 in
  'the table')
    [ "$2" = 0 ] && grep -q '^all-settled was fulfilled with 7 outcomes' "$3"
    ;;
  'all passed') [ "$2" = 0 ] && grep -q '^Fail: *0 *$' "$3" ;;
  'passed, or named')
    is_so 'all passed' "$2" "$3" &&
      grep -q '^  .*: no pseudo-terminals here' "$3"
    ;;
  'told what to ask for')
    [ "$2" != 0 ] && tail -n 1 "$3" | grep -q '^    apt-get update && apt-get install '
    ;;
  'told that it is too old')
    [ "$2" != 0 ] && tail -n 1 "$3" | grep -q '^avow needs Meson .* newer' &&
      ! grep -q Compiling "$3"
    ;;
  esac
}

# try SUITE USER COMMAND OUTCOME
try() {
  log=$roots/log/$1-$2-$(echo "$3" | tr -c 'a-z\n' -)
  start=$(date +%s)
  inside "$1" "$2" "$3" >"$log" 2>&1 || :
  seconds=$(($(date +%s) - start))
  if is_so "$4" "$status" "$log"; then
    row "$(name_of "$1")" "$3" "$2" "$seconds" "$4"
  else
    row "$(name_of "$1")" "$3" "$2" "$seconds" "FAILED: not $4, see $log"
    tail -n 40 "$log"
    failed=1
  fi
}

# Notes the versions of the tools and libraries on that system.
versions() {
  # shellcheck disable=SC2016 # the inner shell expands it
  chroot "$work/root" sh -c '
    echo "$(cc --version | head -n 1), Meson $(meson --version)" \
      "libuv $(pkg-config --modversion libuv)" \
      "cmocka $(pkg-config --modversion cmocka), Node $(node --version)"' |
    sed "s/^/$(name_of "$1"): /" >>"$work/versions"
}

# try_all SUITE: runs all tests. The user who may not install packages is first.
try_all() {
  if [ "$1" = jammy ]; then
    try "$1" root "$first" 'told that it is too old'
    return
  fi
  try "$1" newcomer "$first" 'told what to ask for'
  [ -n "$quick" ] || try "$1" newcomer "$second" 'told what to ask for'
  try "$1" root "$first" 'the table'
  [ -z "$quick" ] || return 0
  try "$1" newcomer "$first" 'the table'
  outcome='all passed'
  ! is_plain "$1" || outcome='passed, or named'
  try "$1" root "$second" "$outcome"
  try "$1" newcomer "$second" "$outcome"
  versions "$1"
}

# visit SUITE: runs the tests if the archive is available.
visit() {
  mirror=$(archive_of "$1")
  if [ -z "$mirror" ]; then
    row "$(name_of "$1")" - - - \
      'left out: no archive in apt, $DEBIAN_MIRROR or $UBUNTU_MIRROR'
    return
  elif ! is_bare "$1" && ! make_root "$1" "$mirror"; then
    why=$(grep '^E: ' "$roots/log/$1" | tail -n 1)
    row "$(name_of "$1")" - - - "left out: ${why:-see $roots/log/$1}"
    case $why in 'E: Failed getting release'*) ;; *) failed=1 ;; esac
    return
  fi
  copy_root "$1"
  try_all "$1"
  rm -rf --one-file-system "$work/root"
}

quick=
failed=0
if [ "${1:-}" = --quick ]; then
  quick=1
  set -- bookworm
elif [ $# = 0 ]; then
  set -- bookworm sid noble jammy
fi
: >"$work/versions"
printf '%-13s %-22s %-9s %7s  %s\n' system command as seconds outcome \
  >"$work/table"
for suite; do
  name_of "$suite" >/dev/null
done
for suite; do
  visit "$suite"
done
echo
cat "$work/table" "$work/versions"
awk 'NR > 1 && !/left out/ { n[$1 " " $2]++; good[$1 " " $2] += !/FAILED/ }
  END {
    for (name in n)
      rows = rows (rows == "" ? "" : ", ") name " " good[name] " of " n[name]
    print "result: commands of README.md as expected, as root and as a user " \
      "without root: " rows
  }' "$work/table"
exit "$failed"
