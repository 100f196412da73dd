#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs nginx in the current folder with the listening sockets of $NGINX:
#
#   nginx.sh PLAIN-PORT TLS-PORT
set -eu
here=$(dirname "$0")
PATH=$PATH:/usr/sbin:/usr/local/sbin
mkdir files
sed "s/PLAIN/$1/g; s/SECURE/$2/g" "$here/nginx.conf" >nginx.conf
seq 100000 >files/numbers
exec nginx -p "$PWD/" -c nginx.conf -e errors
