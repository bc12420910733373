import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fromJson } from '@bufbuild/protobuf';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readRouteOptions } from '../../src/auth/route-options.ts';
import { readEnvoyProtos } from './envoy-protos.ts';
import { ROOT } from './source-files.ts';

/** What the file names by `@type`, and the whole of it. */
const registry = readEnvoyProtos([
  'config/bootstrap/v3/bootstrap.proto',
  'extensions/access_loggers/stream/v3/stream.proto',
  'extensions/filters/http/cors/v3/cors.proto',
  'extensions/filters/http/ext_authz/v3/ext_authz.proto',
  'extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto',
  'extensions/filters/http/router/v3/router.proto',
  'extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
  'extensions/formatter/req_without_query/v3/req_without_query.proto',
  'extensions/http/early_header_mutation/header_mutation/v3/header_mutation.proto',
  'extensions/resource_monitors/downstream_connections/v3/downstream_connections.proto',
  'extensions/retry/host/previous_hosts/v3/previous_hosts.proto',
  'extensions/transport_sockets/tls/v3/tls.proto',
  'extensions/upstreams/http/v3/http_protocol_options.proto',
]);

const bootstrap = registry.getMessage('envoy.config.bootstrap.v3.Bootstrap');

const text = readFileSync(path.join(ROOT, 'deploy/envoy/envoy.yaml'), 'utf8');
const read = (yaml: string) => parse(yaml) as JsonObject;

/** Fields younger than the protos of the package. The Envoy of test:interop knows them. */
const YOUNGER = /^ *(max_dynamic_descriptors|rate_limits): .+\n/gm;

/** Every message down to the last, also those in google.protobuf.Any; a field that there is not is an error. */
function decode(yaml: string): void {
  if (!bootstrap) throw new Error('Envoy has no Bootstrap.');
  fromJson(bootstrap, read(yaml.replaceAll(YOUNGER, '')), { registry, ignoreUnknownFields: false });
}

/** All values under a key, wherever it stands. */
function valuesOf(key: string, value: JsonValue = read(text)): JsonValue[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((part) => valuesOf(key, part));
  return Object.entries(value).flatMap(([name, part]) => [...(name === key ? [part] : []), ...valuesOf(key, part)]);
}

describe("Envoy's configuration", () => {
  it("is what Envoy's protos describe", () => {
    expect(() => decode(text)).not.toThrow();
  });

  it.each([
    ['a field of the connection manager', 'use_remote_address', 'use_remote_adress'],
    ['a field of a filter', 'failure_mode_allow:', 'failure_mode_alow:'],
    ['a field of a route', 'context_extensions: { anonymous', 'context_extension: { anonymous'],
    ['the name of a value', 'STRICT_DNS', 'STRICT_DSN'],
    ['a type', 'v3.ExtAuthzPerRoute', 'v3.ExtAuthzForRoute'],
    ['a duration', 'timeout: 1.5s', 'timeout: 1500ms'],
    ['a number', 'max_tokens: 1000', 'max_tokens: many'],
  ])('would be refused with %s misspelled', (_, right, wrong) => {
    expect(text).toContain(right);
    expect(() => decode(text.replace(right, wrong))).toThrow();
  });

  it('names clusters that there are, and uses each', () => {
    const [clusters] = valuesOf('clusters') as [{ name: string }[]];
    const used = [...valuesOf('cluster'), ...valuesOf('envoy_grpc').flatMap((grpc) => valuesOf('cluster_name', grpc))];
    expect([...new Set(used)].sort()).toEqual(clusters.map(({ name }) => name).sort());
  });

  it('asks Check with options that Check understands', () => {
    const options = valuesOf('context_extensions') as Record<string, string>[];
    expect(options).toHaveLength(2);
    for (const route of options) expect(readRouteOptions(Object.entries(route))).not.toHaveProperty('problem');
  });

  it('lets nobody through who was not checked, but to the gateway', () => {
    expect(valuesOf('failure_mode_allow')).toEqual([false]);
    const hosts = valuesOf('virtual_hosts').flat() as { name: string; routes: JsonValue[]; [key: string]: JsonValue }[];
    const open = hosts.filter((host) => valuesOf('disabled', host).length > 0);
    expect(open.map(({ name }) => name)).toEqual(['auth']);
    expect(open.flatMap(({ routes }) => valuesOf('cluster', routes))).toEqual(['auth_gateway']);
  });

  it('guards whole segments of paths: /orders/admin as well as what is below it', () => {
    const matches = valuesOf('match');
    expect(matches).toEqual([
      { path_separated_prefix: '/gateway' },
      // Of the gateway, which sees for itself who calls.
      { prefix: '/' },
      { path_separated_prefix: '/orders/admin' },
      { path_separated_prefix: '/orders/catalogue' },
      { path_separated_prefix: '/orders' },
    ]);
  });

  it('answers preflights before anybody is asked for a token, and limits every host', () => {
    const [filters] = valuesOf('http_filters') as [{ name: string }[]];
    expect(filters.map(({ name }) => name.replace('envoy.filters.http.', ''))).toEqual([
      ...['cors', 'local_ratelimit', 'ext_authz', 'router'],
    ]);
    const hosts = valuesOf('virtual_hosts').flat() as { typed_per_filter_config: JsonObject }[];
    expect(hosts.map(({ typed_per_filter_config: filtersOf }) => Object.keys(filtersOf).sort())).toEqual([
      ['envoy.filters.http.ext_authz', 'envoy.filters.http.local_ratelimit'],
      ['envoy.filters.http.cors', 'envoy.filters.http.local_ratelimit'],
    ]);
    // By name, one by one: `*` would let every page read what a token opens.
    expect(valuesOf('allow_origin_string_match')).toEqual([[{ exact: 'https://app.example.com' }]]);
  });

  it('knows by asking which replicas of this service are there', () => {
    const clusters = valuesOf('clusters').flat() as { name: string; health_checks?: JsonObject[] }[];
    const asked = clusters.flatMap(({ name, health_checks: checks = [] }) =>
      checks.map(({ grpc_health_check: grpc, http_health_check: http }) => [name, grpc ?? http]),
    );
    expect(asked).toEqual([
      ['auth_gateway', { path: '/gateway/health' }],
      ['auth_grpc', {}],
    ]);
    // What a replica answers to clients puts it out nowhere: as its database is away, so it is for all of them.
    for (const limits of valuesOf('outlier_detection')) {
      expect(limits).toMatchObject({ enforcing_consecutive_5xx: 0, enforcing_consecutive_gateway_failure: 0 });
    }
  });

  it('lets go of connections before those behind it do', () => {
    const kept = ['src/gateway/http-server.ts', 'deploy/envoy/orders.mjs'].map((file) => {
      const [, number = ''] = /keepAlive\w*: ([\d_]+)/.exec(readFileSync(path.join(ROOT, file), 'utf8')) ?? [];
      return Number(number.replace('_', '')) / 1000;
    });
    const [clusters] = valuesOf('clusters') as [JsonValue];
    const idle = valuesOf('idle_timeout', clusters).map((duration) => Number.parseInt(duration as string, 10));
    expect(idle).toHaveLength(kept.length);
    for (const [index, time] of idle.entries()) expect(time).toBeLessThan(kept[index] ?? 0);
  });

  it('removes forged headers before Check sets them, and never after', () => {
    const removed = valuesOf('mutations').flatMap((mutations) => valuesOf('remove', mutations));
    expect(removed).toEqual([
      ...['x-user-id', 'x-session-id', 'x-user-roles', 'x-auth-revision', 'x-service-credential', 'x-forwarded-host'],
    ]);
    // Those of routes are applied behind all filters.
    expect(valuesOf('request_headers_to_remove')).toEqual([]);
  });

  it('has its administration on this machine alone, and no secret in it', () => {
    expect(valuesOf('address', valuesOf('admin'))).toContainEqual({
      socket_address: { address: '127.0.0.1', port_value: 9901 },
    });
    expect(valuesOf('initial_metadata')).toEqual([
      [{ key: 'x-service-credential', value: '%ENVIRONMENT(AUTH_CREDENTIAL)%' }],
    ]);
  });
});
