#!/usr/bin/env bash
# Writes .env for docker-compose.yml: random secrets, and one service, `backend`, that may call everything. Its credential is
# printed once; only its SHA-256 is stored. Run it in the project's folder. It never replaces a file.
set -euo pipefail
umask 077
if [ -e .env ]; then
  echo ".env is there already; its secrets are needed to read the data. Remove it only together with the data." >&2
  exit 1
fi
secret=$(openssl rand -hex 24)
digest=$(printf %s "$secret" | openssl dgst -sha256 -r | cut -d' ' -f1)
cat > .env <<ENV
SUPERUSER_PASSWORD=$(openssl rand -hex 24)
OWNER_PASSWORD=$(openssl rand -hex 24)
SERVICE_PASSWORD=$(openssl rand -hex 24)
MASTER_KEY=$(openssl rand -base64 32)
SERVICE_CALLERS='[{"name":"backend","secretSha256":"$digest","interfaces":["customer","driver","courier","executor_head","firm_head"]}]'
ENV
echo "Wrote .env. Services call with the metadata  x-service-credential: backend:$secret"
