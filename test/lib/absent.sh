#!/bin/sh
# SPDX-License-Identifier: MIT
# Stands in for the test that needs a program which run.sh does not install,
# for on a machine of somebody's it would go on running: says so, and fails
# where CI has to have it. absent.sh PROGRAM
echo "skipped: no $1 here"
exit "${CI:-77}"
