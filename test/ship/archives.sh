# SPDX-License-Identifier: MIT
# This file is sourced. It gets packages and sources of Debian without installing
# them, below the directory $build.

# apt_for ARCHITECTURE COMMAND...: runs apt with lists and a cache of its own.
# It neither uses nor changes the packages of this machine.
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

# Fetches Debian's sources of libuv and cmocka from the configured archives.
fetch_sources() {
  mkdir -p "$build/apt-sources"
  cp /etc/apt/sources.list.d/*.sources "$build/apt-sources" 2>&1 || true
  [ ! -s /etc/apt/sources.list ] ||
    cp /etc/apt/sources.list "$build/apt-sources/machine.list"
  for list in "$build/apt-sources"/*; do
    sed -i 's/^Types: deb$/Types: deb-src/; s/^deb /deb-src /' "$list"
  done
  mkdir -p "$build/sources"
  set -- -o Dir::Etc::sourcelist=/dev/null \
    -o Dir::Etc::sourceparts="$build/apt-sources"
  apt_for source "$@" update || true # one of several lists may fail
  (cd "$build/sources" && apt_for source "$@" source libuv1 cmocka >/dev/null)
}
