#!/usr/bin/env bash
# Run once by the PostgreSQL image, on the empty database: the two roles and their passwords.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --file /sql/roles.sql
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v owner="$OWNER_PASSWORD" -v service="$SERVICE_PASSWORD" <<'SQL'
alter role auth_owner password :'owner';
alter role auth_service password :'service';
SQL
