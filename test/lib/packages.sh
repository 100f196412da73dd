# SPDX-License-Identifier: MIT
# Install the packages that avow and its tests need on Debian and Ubuntu, or
# print what the user must install. Scripts source this file in the root of the
# repository. $more names further packages; $needed replaces the list. On other
# systems this file does nothing; install the packages by hand.
set -eu

say() {
  printf '%s\n' "$*" >&2
}

# is_here PACKAGE: tells whether the system has what the package provides. A
# user may have installed it without the package.
is_here() {
  case $1 in
  gcc) command -v cc ;;
  ninja-build) command -v ninja ;;
  ca-certificates) [ -e /etc/ssl/certs/ca-certificates.crt ] ;;
  graphviz) command -v dot ;;
  nodejs) command -v node ;;
  libuv1-dev) pkg-config --exists libuv ;;
  libcmocka-dev) pkg-config --exists cmocka ;;
  libsqlite3-dev) pkg-config --exists sqlite3 ;;
  libcurl4-openssl-dev) pkg-config --exists libcurl ;;
  libnats-dev) pkg-config --exists libnats ;;
  libssl-dev) pkg-config --exists openssl ;;
  zlib1g-dev) pkg-config --exists zlib ;;
  libllhttp-dev) pkg-config --exists libllhttp || [ -e /usr/share/llhttp ] ;;
  *) command -v "$1" ;;
  esac || [ "$(dpkg-query -W -f '${db:Status-Status}' "$1")" = installed ]
} >/dev/null 2>&1

# to_come PACKAGE: prints the version that apt would install, or nothing.
to_come() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null |
    sed -n 's/^ *Candidate: *\([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p'
}

# is_older VERSION LEAST: true if VERSION is older; false if it is unknown.
is_older() {
  [ -n "$1" ] && [ "$1" != "$2" ] &&
    [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# Exits if an installed or available version is too old for meson.build.
refuse_what_is_old() {
  meson=$(meson --version 2>/dev/null || to_come meson)
  libuv=$(pkg-config --modversion libuv 2>/dev/null || to_come libuv1-dev)
  least_meson=$(sed -n "s/.*meson_version: *'>= *\([0-9.]*\).*/\1/p" \
    meson.build)
  least_libuv=$(sed -n "s/^libuv_oldest = '\(.*\)'/\1/p" meson.build)
  [ -n "$least_meson" ] && [ -n "$least_libuv" ] || {
    say 'packages.sh: meson.build names no minimum version of Meson or libuv'
    exit 1
  }
  if is_older "$meson" "$least_meson" || is_older "$libuv" "$least_libuv"; then
    say "avow needs Meson $least_meson and libuv $least_libuv or newer. This" \
      "system has Meson ${meson:-?} and libuv ${libuv:-?}. Install newer" \
      "versions, or use a newer system (Debian 12, Ubuntu 24.04)."
    exit 1
  fi
}

# On Ubuntu, Meson and Ninja are in a part of the archive that may be disabled.
tell_of_universe() {
  grep -qs '^ID=ubuntu' /etc/os-release || return 0
  [ -z "$(to_come meson)" ] || return 0
  say 'On Ubuntu these packages are in "universe". If apt does not find them,' \
    'add universe to its sources first (add-apt-repository universe).'
}

# named_here PACKAGE...: prints the names of the packages on this system.
named_here() {
  for package; do
    [ "$package" != libllhttp-dev ] || [ -n "$(to_come libllhttp-dev)" ] ||
      package=node-llhttp # Debian 12 has the C files in this package
    printf '%s\n' "$package"
  done
}

# ask_for WHY PACKAGE...: prints the command for an administrator and exits.
ask_for() {
  tell_of_universe
  say "Packages are missing, and $1. Run this as root, then try again:"
  shift
  # shellcheck disable=SC2046 # a list of words
  say "    apt-get update && apt-get install --no-install-recommends" \
    $(named_here "$@")
  exit 1
}

# Shows apt's progress on a terminal, and the rest of its output if it fails.
follow_apt() {
  said=
  waiting=
  if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then
    progress='\r\033[K%.72s'
  else
    progress=
  fi
  while IFS= read -r line; do
    case $line in
    done:) break ;;
    Waiting*) # apt repeats the line while another apt runs
      [ "$line" = "$waiting" ] || say "$line"
      waiting=$line
      ;;
    dlstatus:* | pmstatus:*) printf "$progress" "${line#*:*:*:}" >&2 ;;
    *) said="$said$line
" ;;
    esac
  done
  printf "$progress" '' >&2
  [ "$line" = done: ] || {
    printf '%s' "$said" >&2
    return 1
  }
}

# install PACKAGE...
#
# If the update fails, the old package lists may still have the packages.
# Therefore its errors are printed only if the installation fails.
#
# apt writes its progress to descriptor 3. sudo closes all descriptors but the
# first three, so a shell below sudo opens it.
install() {
  say "installing: $*"
  complaints=$($as_root apt-get update -qq 2>&1) || :
  refuse_what_is_old
  # shellcheck disable=SC2046 # a list of words
  set -- $(named_here "$@")
  {
    # shellcheck disable=SC2016 # the inner shell expands $@
    $as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get install -y -q \
      --no-install-recommends -o DPkg::Lock::Timeout=300 -o APT::Status-Fd=3 \
      "$@" 3>&1' sh "$@" 2>&1 </dev/null && echo done:
  } | follow_apt || {
    [ -z "$complaints" ] || say "$complaints"
    tell_of_universe
    exit 1
  }
}

missing=
for package in ${needed:-gcc libc6-dev meson ninja-build pkg-config libuv1-dev \
  ${more:-}}; do
  is_here "$package" || missing="$missing $package"
done

if [ -n "$missing" ] && command -v apt-get >/dev/null; then
  as_root=
  if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    # shellcheck disable=SC2086 # a list of words
    command -v sudo >/dev/null || ask_for 'you are not root' $missing
    # shellcheck disable=SC2086 # a list of words
    sudo true || ask_for 'sudo fails' $missing
  fi
  # shellcheck disable=SC2086 # a list of words
  install $missing
fi
refuse_what_is_old
