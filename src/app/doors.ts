import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { HealthState } from 'nice-grpc-server-health';
import { createCheckRequest } from '../auth/check-request.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createOrigins } from '../gateway/origins.ts';
import type { AccessRules } from '../grpc/access.ts';
import { createGrpcServer } from '../grpc/server.ts';
import type { serverCredentials } from '../grpc/server.ts';
import { createRecognizeService } from '../grpc/service-identities.ts';
import { createEncodeValidations } from '../grpc/services/encode-validations.ts';
import { createValidateDirectly } from '../grpc/services/validate-directly.ts';
import { createDpopNonces } from '../tokens/dpop-nonce.ts';
import { deriveSubkey } from '../tokens/subkey.ts';
import type { Address } from '../workers/messages.ts';
import type { Ground } from './ground.ts';
import type { Revocation } from './revocation.ts';
import { createServices } from './services.ts';
import type { Cases } from './services.ts';
import type { Shared } from './shared.ts';
import { createSharedChain } from './shared-chain.ts';
import type { Stores } from './stores.ts';
import type { Tokens } from './tokens.ts';

type Doors = {
  /** Where gRPC is served; the port is the real one if 0 was asked for. */
  readonly address: Address;
  /** Where browsers are served; null: nowhere. */
  readonly gateway: Address | null;
  /** Tells load balancers that both doors will close, and gives them the time to turn away. */
  readonly drain: () => Promise<void>;
};

type Options = {
  readonly rules: AccessRules;
  readonly credentials: Awaited<ReturnType<typeof serverCredentials>>;
};

/** Opens the door for gRPC, and the one for browsers; they close together, in one grace. */
export async function openDoors(
  ground: Ground,
  stores: Stores,
  tokens: Tokens,
  revocation: Revocation,
  shared: Shared,
  cases: Cases,
  { rules, credentials }: Options,
): Promise<Doors> {
  const { config, logger, clock, opened } = ground;
  const { validateToken } = shared;
  const { keys } = tokens;
  let gateway: Address | null = null;
  const origins = createOrigins({
    url: config.GATEWAY_URL,
    others: config.BROWSER_ORIGINS,
    port: () => gateway?.port ?? null,
  });
  const checkRequest = createCheckRequest({ validateToken, isAllowedOrigin: origins.isAllowed });
  const health = HealthState();
  const encodeValidations = createEncodeValidations();
  const recognizeService = createRecognizeService({
    callers: config.SERVICE_CALLERS,
    local: config.LOCAL_CALLERS ? { name: 'local', interfaces: config.LOCAL_CALLER_INTERFACES } : null,
  });
  const keysMaxAge = config.SIGNING_KEY_PUBLISH_AHEAD / 2;
  const chain = createSharedChain(ground, stores, shared, rules);
  const parts = { checkRequest, encodeValidations, keysMaxAge };
  const services = createServices(ground, stores, tokens, revocation, shared, cases, parts);
  const descriptors = await readDescriptors();
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  // What these answer leaves no line in the log, so they stand back where such lines are wanted.
  const isLogged = () => logger.isLevelEnabled('debug');
  const validateDirectly = (path: string) =>
    new Map([[path, createValidateDirectly({ path, recognizeService, validateToken, encodeValidations, isLogged })]]);

  const server = createGrpcServer({
    ...chain,
    services,
    health,
    recognizeService,
    direct: {
      calls: validateDirectly('/auth.v1.AuthService/ValidateToken'),
      streams: validateDirectly('/auth.v1.AuthService/StreamValidateTokens'),
    },
    hasClientCertificates: config.TLS_CLIENT_CA_FILE !== undefined,
    descriptors,
    registry,
    hasReflection: config.REFLECTION,
  });
  const { host, port: wantedPort } = config.LISTEN_ADDRESS;
  const port = await server.listen(`${host.includes(':') ? `[${host}]` : host}:${wantedPort}`, credentials);
  // Both doors close at once: the grace is one for both.
  const doors = [server.stop];
  opened.defer(async () => {
    await Promise.all(doors.map((stop) => stop(config.SHUTDOWN_GRACE)));
  });

  // The door for browsers.
  if (config.GATEWAY_ADDRESS !== 'off') {
    const { host: gatewayHost, port: wantedGatewayPort } = config.GATEWAY_ADDRESS;
    const browserDoor = createGateway({
      services,
      chain,
      registry,
      origins,
      nonces: createDpopNonces({ key: deriveSubkey(config.MASTER_KEY, 'dpop-nonce'), clock }),
      checkRequest,
      trustedProxies: config.TRUSTED_PROXIES,
      keys,
      keysMaxAge,
      isHealthy: () => health.getStatus() === 'healthy',
      issuer: config.TOKEN_ISSUER,
      pageDirectory: fileURLToPath(new URL('../gen/page', import.meta.url)),
    });
    gateway = { host: gatewayHost, port: await browserDoor.listen(gatewayHost, wantedGatewayPort) };
    doors.push(browserDoor.stop);
  }
  health.setStatus('healthy');
  logger.info({ host, port, gateway }, 'serving');

  return {
    address: { host, port },
    gateway,
    async drain() {
      health.setStatus('unhealthy');
      await delay(config.SHUTDOWN_DELAY);
    },
  };
}

/** Of all that is served: ours, health, Envoy's authorization, and error details, with which grpcurl can show them. */
function readDescriptors(): Promise<Uint8Array> {
  return readFile(new URL('../gen/served.binpb', import.meta.url));
}
