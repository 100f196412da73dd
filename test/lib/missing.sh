#!/bin/sh
# SPDX-License-Identifier: MIT
# This script replaces a test that needs a component that is not installed. It
# prints the name of the component.
#
# missing.sh WHAT
echo "missing: $1"
exit "${CI:-77}"
