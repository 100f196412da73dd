#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the site, and has Chromium open all of it: site.sh FOLDER [PICTURES]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
sh "$here/../../../docs/site.sh" "$folder"
node "$here/site.js" "$folder" ${2:+"$2"}
