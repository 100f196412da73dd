#!/bin/sh
# SPDX-License-Identifier: MIT
# Make the site and open each page in Chromium: site.sh FOLDER [PICTURES]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
sh "$here/../../../docs/site.sh" "$folder"
node "$here/site.js" "$folder" ${2:+"$2"}
