#!/bin/bash
# What the official image's entry point does, as far as the platform relies on it: POSTGRES_PASSWORD(_FILE),
# POSTGRES_INITDB_ARGS, PGDATA, log-in over the network by SCRAM.
set -euo pipefail

if [[ -n "${POSTGRES_PASSWORD_FILE:-}" ]]; then
    POSTGRES_PASSWORD="$(<"$POSTGRES_PASSWORD_FILE")"
    export POSTGRES_PASSWORD
    unset POSTGRES_PASSWORD_FILE
fi
if [[ "$(id -u)" == 0 ]]; then
    install --directory --owner=postgres --group=postgres --mode=0700 "$PGDATA"
    chown postgres:postgres /var/lib/postgresql "$(dirname "$PGDATA")"
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
mkdir -p "$PGDATA"
chmod 0700 "$PGDATA"
if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
    eval "initdb --username=postgres --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") ${POSTGRES_INITDB_ARGS:-}"
    printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
fi
unset POSTGRES_PASSWORD
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
