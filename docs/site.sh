#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a site of the documents and of the headers, which needs no network, and
# prints its path: site.sh [FOLDER]
set -eu
folder=${1:-build-site}
case $folder in
/*) ;;
*) folder=$(pwd)/$folder ;;
esac
CDPATH='' cd "$(dirname "$0")/.."

needed='python3 python3-sphinx furo python3-myst-parser' . test/lib/packages.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/pages"
AVOW_ROOT=$(pwd)
export AVOW_ROOT PYTHONDONTWRITEBYTECODE=1
python3 docs/site/gather.py "$AVOW_ROOT" "$work/pages"
rm -rf "$folder"
# Uses the Sphinx of Debian, even if another Python precedes it in PATH.
PATH=/usr/bin:$PATH sphinx-build -q -W --keep-going -b html -c docs/site \
  -d "$work/doctrees" "$work/pages" "$folder"
echo "the site is $folder/index.html"
