#!/bin/sh
# Everything that is generated, into src/gen: code for the service, the descriptors that it is served by, code for the page, the page.
set -eu
deps=node_modules/@grpc/grpc-js-xds/deps
external_auth="$deps/envoy-api/envoy/service/auth/v3/external_auth.proto"
error_details="$deps/googleapis/google/rpc/error_details.proto"

# What is left of contracts that are gone goes, too.
rm -rf src/gen
buf generate
buf generate . --config build/generate/served.yaml --path "$external_auth"
buf generate --template build/generate/web.gen.yaml
buf generate "$deps/googleapis" --template build/generate/web.gen.yaml --path "$error_details"

# Ours alone, for the documents; and all that is served, for reflection and the gateway.
buf build --as-file-descriptor-set -o src/gen/descriptors.binpb
buf build . --config build/generate/served.yaml --as-file-descriptor-set -o src/gen/served.binpb \
  --path proto/accounts --path proto/auth --path node_modules/grpc-health-check/proto/health --path "$external_auth" --path "$error_details" \
  --path "$deps/googleapis/google/rpc/status.proto"

npm run --silent build:page
