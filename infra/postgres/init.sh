#!/bin/sh
# Run by the PostgreSQL image on an empty data directory, and by each `make up`: passwords drawn anew, roles of a new version.
set -eu
export SECRETS=/run/secrets
psql --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --file /etc/matrix/roles.sql
