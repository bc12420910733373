import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerCredentials } from '@grpc/grpc-js';
import { createServer } from 'nice-grpc';
import { errorDetailsServerMiddleware } from 'nice-grpc-error-details';
import { HealthDefinition, HealthServiceImpl } from 'nice-grpc-server-health';
import type { HealthState } from 'nice-grpc-server-health';
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection';
import type { Logger } from 'pino';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { ValidateToken } from '../auth/validate-token.ts';
import type { Clock } from '../clock.ts';
import { StartProblem } from '../errors/start-problem.ts';
import type { Language } from '../languages.ts';
import { readAccessRules } from './access.ts';
import type { AccessRules } from './access.ts';
import { addServices } from './add-services.ts';
import type { Services } from './add-services.ts';
import { createAnswerDirectly } from './answer-directly.ts';
import type { OpenDirectly } from './answer-directly.ts';
import { createAnswerStreamDirectly } from './answer-stream-directly.ts';
import { DEFINITIONS } from './definitions.ts';
import { createCutSlowReaders } from './cut-slow-readers.ts';
import { createAuthorize } from './middleware/authorize.ts';
import type { CheckPermission } from './middleware/authorize.ts';
import { createBoundWork } from './middleware/bound-work.ts';
import { createLimitRate } from './middleware/limit-rate.ts';
import { createMapErrors } from './middleware/map-errors.ts';
import { createObserve } from './middleware/observe.ts';
import { createPlaces } from './places.ts';
import type { RecognizeService } from './service-identities.ts';
import { createStreamEnder } from './middleware/end-streams.ts';
import { passVerifiedSans } from './verified-sans.ts';
import { createWireFormats } from './wire-format.ts';

type GrpcServerDeps = {
  readonly services: Services;
  readonly rules: AccessRules;
  readonly health: HealthState;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limiter: Pick<RateLimiterAbstract, 'consume'>;
  readonly userLimiter: Pick<RateLimiterAbstract, 'consume'>;
  /** Of methods, by their paths, that are bounded more tightly, beside all calls. */
  readonly methodLimiters: ReadonlyMap<string, Pick<RateLimiterAbstract, 'consume'>>;
  readonly recognizeService: RecognizeService;
  readonly validateToken: ValidateToken;
  /** What is answered in front of the chain, by the methods' paths: unary calls, and bidirectional streams. */
  readonly direct: Readonly<Record<'calls' | 'streams', ReadonlyMap<string, OpenDirectly>>>;
  readonly checkPermission: CheckPermission;
  readonly isRecentLogin: (sessionId: string, maxAge: number) => Promise<boolean>;
  readonly anonymousInterfaces: readonly string[];
  readonly defaultLanguage: Language;
  readonly maxInFlight: number;
  /** Whether TLS asks clients for certificates. */
  readonly hasClientCertificates: boolean;
  /** The FileDescriptorSet of the contract. */
  readonly descriptors: Uint8Array;
  /** Whether reflection shows it. */
  readonly hasReflection: boolean;
};

type TlsFiles = { readonly cert: string; readonly key: string; readonly clientCa: string | undefined };

type GrpcServer = {
  /** @returns the port, which is another than asked for if that was 0 */
  readonly listen: (address: string, credentials: ServerCredentials) => Promise<number>;
  /** Takes no new calls and lets those under way finish; after `grace` milliseconds they are broken off. */
  readonly stop: (grace: number) => Promise<void>;
};

/** How long a watcher may leave what is sent to it, in milliseconds: the contract says so. */
const WATCHER_PATIENCE = 10_000;

/** The access rule of every method that is served. */
export function readServedRules(): AccessRules {
  return readAccessRules(DEFINITIONS);
}

/** Everything that is served, and what every call passes on its way. */
export function createGrpcServer(deps: GrpcServerDeps): GrpcServer {
  const { rules } = deps;
  const { logger, clock } = deps;
  const streams = createStreamEnder();
  const quietMethods = new Set([
    ...['ValidateToken', 'BatchValidateTokens', 'StreamValidateTokens'].map((name) => `/auth.v1.AuthService/${name}`),
    '/grpc.health.v1.Health/Check',
  ]);

  const places = createPlaces(deps);

  const server = createServer({
    'grpc.max_receive_message_length': 1024 * 1024,
    'grpc.max_concurrent_streams': 1000,
    // A client whose machine is gone says nothing; ask every minute, and let its connection go after 20 s of silence.
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    // The first one stands nearest to the connection.
    interceptors: [
      ...(deps.hasClientCertificates ? [passVerifiedSans] : []),
      createCutSlowReaders({
        paths: new Set(['/auth.v1.RevocationsService/WatchRevocations']),
        patience: WATCHER_PATIENCE,
        onCut: (method) => logger.warn({ method, reason: 'WATCH_TOO_SLOW' }, 'stream cut'),
      }),
      // Nearest to the handlers: they have to see what those before them have found out.
      createAnswerDirectly({ methods: deps.direct.calls, places }),
      createAnswerStreamDirectly({ methods: deps.direct.streams, places, streams }),
    ],
  })
    // Outermost: it must see the status that the caller sees, whoever decided it.
    .use(createObserve({ logger, clock, quietMethods }))
    // Puts the details of a status into the trailer; so it stands outside of what makes them.
    .use(errorDetailsServerMiddleware)
    // Everything inside may throw what it likes; nothing outside sees any of it.
    .use(createMapErrors())
    // Before anything is spent on a call.
    .use(createBoundWork({ places, streams }));

  // Health and reflection are open to all: they say nothing about anybody.
  server.with(streams.middleware).add(HealthDefinition, HealthServiceImpl(deps.health));
  if (deps.hasReflection) {
    const names = [...DEFINITIONS, HealthDefinition].map(({ fullName }) => fullName);
    server.with(streams.middleware).add(ServerReflectionService, ServerReflection(deps.descriptors, names));
  }

  const guarded = server
    // Who calls, and whether he may: the method's access option decides, and a method without one is refused.
    .with(createAuthorize({ ...deps, rules }))
    // Has to know whose address it is, and stands before all work on the database and on hashes.
    .with(createLimitRate({ ...deps, rules }));
  addServices(guarded, streams.middleware, deps.services, createWireFormats(deps.descriptors));

  return {
    listen: (address, credentials) =>
      server.listen(address, credentials).catch((cause: unknown) => {
        const advice = 'Is another process using it? LISTEN_ADDRESS says where to serve.';
        throw new StartProblem(`Cannot listen on ${address}. ${advice}`, { cause });
      }),
    async stop(grace) {
      streams.endAll();
      const isDrained = await Promise.race([server.shutdown().then(() => true), delay(grace, false, { ref: false })]);
      if (!isDrained) server.forceShutdown();
    },
  };
}

export async function serverCredentials(files: TlsFiles | null): Promise<ServerCredentials> {
  if (!files) return ServerCredentials.createInsecure();
  const read = (file: string) =>
    readFile(file).catch((cause: unknown) => {
      throw new StartProblem(`The TLS file ${file} cannot be read: ${(cause as Error).message}`, { cause });
    });
  const [cert, key] = await Promise.all([read(files.cert), read(files.key)]);
  const clientCa = files.clientCa === undefined ? null : await read(files.clientCa);
  return ServerCredentials.createSsl(clientCa, [{ cert_chain: cert, private_key: key }], clientCa !== null);
}
