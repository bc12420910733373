#!/usr/bin/env bash
# Writes .env for docker-compose.yml: random secrets, and two services: `backend`, which may call everything, and whose
# credential is printed once, as only its SHA-256 is stored; and `envoy`, which may ask who passes and nothing else. And a
# certificate for this machine, that no browser trusts. Run it in the project's folder. It never replaces a file; it says what
# an .env of an earlier version lacks.
set -euo pipefail
umask 077
digest() { printf %s "$1" | openssl dgst -sha256 -r | cut -d' ' -f1; }
backend=$(openssl rand -hex 24)
envoy=$(openssl rand -hex 24)
envoy_caller=$(printf '{"name":"envoy","secretSha256":"%s","methods":["envoy.service.auth.v3.Authorization/Check"]}' "$(digest "$envoy")")
certificates=deploy/compose/certificates
if [ ! -e "$certificates/edge.pem" ]; then
  mkdir -p "$certificates"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,DNS:auth.example.localhost,DNS:api.example.localhost,IP:127.0.0.1' \
    -keyout "$certificates/edge.key" -out "$certificates/edge.pem" 2>/dev/null
  # In its container Envoy is another user. It is worth nothing to others: only who clicks a warning away believes it.
  chmod 755 "$certificates"
  chmod 644 "$certificates/edge.key" "$certificates/edge.pem"
fi
if [ -e .env ]; then
  echo ".env is there already; its secrets are needed to read the data. Remove it only together with the data." >&2
  if ! grep -q '^ENVOY_CREDENTIAL=' .env; then
    printf '%s\n' "It is of a version without Envoy. Add to it:  ENVOY_CREDENTIAL=envoy:$envoy" \
      "and to the list SERVICE_CALLERS in it:  $envoy_caller" >&2
  fi
  exit 1
fi
cat > .env <<ENV
SUPERUSER_PASSWORD=$(openssl rand -hex 24)
OWNER_PASSWORD=$(openssl rand -hex 24)
SERVICE_PASSWORD=$(openssl rand -hex 24)
MASTER_KEY=$(openssl rand -base64 32)
SERVICE_CALLERS='[{"name":"backend","secretSha256":"$(digest "$backend")","interfaces":["customer","driver","courier","executor_head","firm_head"]},$envoy_caller]'
ENVOY_CREDENTIAL=envoy:$envoy
ENV
echo "Wrote .env. Services call with the metadata  x-service-credential: backend:$backend"
