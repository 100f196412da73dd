#!/bin/sh
# SPDX-License-Identifier: MIT
# Make the manual pages of headers and functions, check them with mandoc, and
# search for text that man must show. `man.sh [TOOL...]` also makes pages of
# tools.
set -eu
CDPATH='' cd "$(dirname "$0")/../../.."
version=$(sed -n 's/^#define AVOW_VERSION  *"\(.*\)"/\1/p' \
  include/avow/config.h)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1

fail() {
  echo "test/ship/site/man.sh: $*" >&2
  exit 1
}

python3 docs/site/manual.py . "$work/man3"
mkdir "$work/man1"
for tool; do
  name=avow-$(basename "$tool")
  python3 docs/site/tool_manual.py "$name" "$version" "$tool" \
    >"$work/man1/$name.1" || fail "no page of $tool"
done
for header in include/avow/*.h include/avow/*.hpp; do
  topic=$(basename "$header" .h)
  case $topic in
  config | uv) continue ;;
  esac
  [ -f "$work/man3/avow_$topic.3" ] || fail "$header has no page"
done
if grep -hE '^\.Nd .{81,}' "$work"/man3/*; then
  fail 'these summaries are longer than a line'
fi
for page in "$work"/man3/*; do
  [ -e "$page" ] || fail "$page is a broken link"
done

if ! command -v mandoc >/dev/null; then
  [ -z "${CI:-}" ] || fail 'mandoc is not installed'
  echo 'skipped: mandoc is not installed'
  exit 77
fi
find "$work" -type f -exec mandoc -Tlint -Wwarning {} + ||
  fail 'mandoc reports these problems'
man='man'
command -v man >/dev/null || man=mman
# shows PAGE PATTERN: the output of man must match.
shows() {
  MANPAGER=cat MANWIDTH=80 "$man" -M "$work" "$1" 2>/dev/null | col -b |
    grep -q "$2" || fail "$man $1 does not show '$2'"
}
shows avow_all 'AVOW_EMISUSE'
shows avow_then 'Promise.prototype.then'
shows avow_timeout 'avow_timeout —'
shows avow_timeout 'UV_ECANCELED'
shows avow_sender_try_send 'returns 0 if the item was sent'
shows avow_sender_try_send '^ERRORS'
shows avow_sender_send '^CANCELLATION'
shows avow_post 'Any thread may call avow_post()'
shows avow_mailbox_t 'avow_mailbox_new(3)'
shows AVOW_TRY 'avow_await_int\|avow_value_t'
shows avow_tls_client 'SSL_connect'
shows avow_napi_from 'napi_value v'
shows avow.hpp 'promise then(F ok, G failed = nullptr) &&'
shows avow_coroutine.hpp 'outcome(promise p)'
for tool; do
  shows "avow-$(basename "$tool")" 'help'
done
