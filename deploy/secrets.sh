#!/bin/sh
# Makes the secrets of docker-compose.yml as files in `secrets`, beside it; what is there already stays.
# Compose mounts them as they are, and each container reads them as a user of its own: so the folder is private, not the files.
set -eu

folder="${1:-secrets}"
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() {
  [ -e "$folder/$1" ] || printf %s "$2" > "$folder/$1"
  chmod 444 "$folder/$1"
}

keep postgres_password "$(random)"
keep valkey_password "$(random)"
keep grafana_password "$(random)"
keep database_url "postgresql://paperfleet:$(cat "$folder/postgres_password")@postgres:5432/paperfleet"
keep redis_url "redis://paperfleet:$(cat "$folder/valkey_password")@valkey:6379/0"
