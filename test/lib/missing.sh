#!/bin/sh
# SPDX-License-Identifier: MIT
# Stands in for the test of what is not built for want of something that can be
# installed: says so. missing.sh WHAT
echo "missing: $1"
exit "${CI:-77}"
