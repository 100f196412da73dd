#!/bin/sh
# SPDX-License-Identifier: MIT
# This script replaces a test that needs a server which test/run.sh does not
# install, because the server would keep running on a user's machine. The script
# prints the reason. It fails in CI, where the server must be installed.
#
# absent.sh PROGRAM
echo "skipped: $1 is not installed"
exit "${CI:-77}"
