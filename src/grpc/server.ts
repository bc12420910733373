import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileRegistry } from '@bufbuild/protobuf';
import { ServerCredentials } from '@grpc/grpc-js';
import { createServer } from 'nice-grpc';
import { HealthDefinition, HealthServiceImpl } from 'nice-grpc-server-health';
import type { HealthState } from 'nice-grpc-server-health';
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection';
import { StartProblem } from '../errors/start-problem.ts';
import { readAccessRules } from './access.ts';
import type { AccessRules } from './access.ts';
import { addServices } from './add-services.ts';
import type { Services } from './add-services.ts';
import { createAnswerDirectly } from './answer-directly.ts';
import type { OpenDirectly } from './answer-directly.ts';
import { createAnswerStreamDirectly } from './answer-stream-directly.ts';
import { createChain } from './chain.ts';
import type { ChainDeps } from './chain.ts';
import { DEFINITIONS, FOREIGN_DEFINITIONS, FOREIGN_RULES } from './definitions.ts';
import { createCutSlowReaders } from './cut-slow-readers.ts';
import { createStreamEnder } from './middleware/end-streams.ts';
import { passVerifiedSans } from './verified-sans.ts';
import { createWireFormats } from './wire-format.ts';

type GrpcServerDeps = ChainDeps & {
  readonly services: Services;
  readonly health: HealthState;
  /** What is answered in front of the chain, by the methods' paths: unary calls, and bidirectional streams. */
  readonly direct: Readonly<Record<'calls' | 'streams', ReadonlyMap<string, OpenDirectly>>>;
  /** Whether TLS asks clients for certificates. */
  readonly hasClientCertificates: boolean;
  /** The FileDescriptorSet of all that is served, and what it says. */
  readonly descriptors: Uint8Array;
  readonly registry: FileRegistry;
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
  return new Map([...readAccessRules(DEFINITIONS), ...FOREIGN_RULES]);
}

/** Everything that is served, and what every call passes on its way. */
export function createGrpcServer(deps: GrpcServerDeps): GrpcServer {
  const { logger, places } = deps;
  const streams = createStreamEnder();

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
  });

  const { open, guarded } = createChain(server, streams, deps);
  open.with(streams.middleware).add(HealthDefinition, HealthServiceImpl(deps.health));
  if (deps.hasReflection) {
    const names = [...DEFINITIONS, ...FOREIGN_DEFINITIONS, HealthDefinition].map(({ fullName }) => fullName);
    open.with(streams.middleware).add(ServerReflectionService, ServerReflection(deps.descriptors, names));
  }
  addServices(guarded, streams.middleware, deps.services, createWireFormats(deps.registry));

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
