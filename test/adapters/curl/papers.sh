#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes certificates in the current folder, each as NAME.pem with its key.
# `authority` signs `localhost` and `expired`, a host whose certificate has
# expired. `stranger` is a self-signed certificate for localhost.
set -eu

# Makes a certificate: NAME EXTENSION [OPTION...]
self_signed() {
  name=$1
  what=$2
  shift 2
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout "$name.pem" -out "$name.crt" -subj "/CN=$name" -addext "$what" "$@"
  cat "$name.crt" >>"$name.pem"
}

self_signed authority keyUsage=keyCertSign
self_signed stranger subjectAltName=DNS:localhost
self_signed localhost subjectAltName=DNS:localhost -CA authority.crt \
  -CAkey authority.pem

echo subjectAltName=DNS:expired.test >extensions
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
  -keyout expired.pem -out request -subj /CN=expired
openssl x509 -req -in request -CA authority.crt -CAkey authority.pem \
  -days -1 -extfile extensions >expired.crt
cat expired.crt >>expired.pem
