#!/bin/sh
# SPDX-License-Identifier: MIT
# Check with clang -Wdocumentation that the labels of public comments are known,
# and that an unknown label is reported. $UV_CFLAGS locates uv.h.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v clang >/dev/null; then
  echo 'skipped: clang is not installed'
  exit "${CI:-77}"
fi
labels=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=docs/site \
  python3 -c 'import headers; print(",".join(headers.LABELS))')

# Compiles all.h and the standard input.
compile() {
  # shellcheck disable=SC2086 # flags
  clang -std=c11 -D_POSIX_C_SOURCE=200809L -fsyntax-only -Iinclude \
    ${UV_CFLAGS:-} -include avow/all.h -Werror -Wdocumentation \
    -Wdocumentation-unknown-command -fcomment-block-commands="$labels" -x c -
}

compile </dev/null
echo '/** Ends. @settle NONE */ void end(void);' | compile 2>/dev/null && {
  echo 'clang does not report an unknown label'
  exit 1
}
echo '/** Ends. @settles NONE */ void end(void);' | compile
