#!/bin/sh
# Valkey with the users of users.acl; arguments are valkey-server's. Passwords are in the files that VALKEY_PASSWORD_FILE and
# VALKEY_KEDA_PASSWORD_FILE name, or in variables without _FILE.
# Nothing that matters lives here: what a restart loses is back with the next cycle.
set -eu

sha256() { printf %s "$1" | sha256sum | cut -c 1-64; }

if [ -n "${VALKEY_PASSWORD_FILE:-}" ]; then VALKEY_PASSWORD=$(cat "$VALKEY_PASSWORD_FILE"); fi
if [ -n "${VALKEY_KEDA_PASSWORD_FILE:-}" ]; then VALKEY_KEDA_PASSWORD=$(cat "$VALKEY_KEDA_PASSWORD_FILE"); fi
users="${TMPDIR:-/tmp}/users.acl"
sed -e "s/SHA256_OF_PAPERFLEET/$(sha256 "${VALKEY_PASSWORD:?set it}")/" \
  ${VALKEY_KEDA_PASSWORD:+-e "s/SHA256_OF_KEDA/$(sha256 "$VALKEY_KEDA_PASSWORD")/"} \
  -e /SHA256_OF/d "$(dirname "$0")/users.acl" > "$users" # without a password there is no such user
exec valkey-server --aclfile "$users" --dir "${TMPDIR:-/tmp}" --save "" --appendonly no --maxmemory-policy noeviction "$@"
