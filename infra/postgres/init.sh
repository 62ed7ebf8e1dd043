#!/bin/sh
# Run once by the PostgreSQL image, on an empty data directory.
set -eu
export SECRETS=/run/secrets
psql --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --file /etc/matrix/roles.sql
