import type { ServiceImplementation } from 'nice-grpc';
import { HealthDefinition } from 'nice-grpc-server-health';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import type { WithHttpHeaders } from '../../src/gateway/call-context.ts';
import { createConnectHandlers } from '../../src/gateway/connect-handlers.ts';
import { createHttpServer } from '../../src/gateway/http-server.ts';
import { createPlainCalls } from '../../src/gateway/plain-calls.ts';
import { createRpcHandler } from '../../src/gateway/rpc-handler.ts';
import { createToConnectError } from '../../src/gateway/to-connect-error.ts';
import { createChain } from '../../src/grpc/chain.ts';
import type { ChainDeps } from '../../src/grpc/chain.ts';
import { createInProcessServer } from '../../src/grpc/in-process-server.ts';
import { createStreamEnder } from '../../src/grpc/middleware/end-streams.ts';
import { createPlaces } from '../../src/grpc/places.ts';
import { readServedRegistry } from './served-registry.ts';

type Health = ServiceImplementation<typeof HealthDefinition>;
export type HealthStatus = Awaited<ReturnType<Health['check']>>['status'];
export const SERVING = HealthDefinition.methods.check.responseType.decode(Uint8Array.of(8, 1)).status;

type Options = {
  readonly maxInFlight?: number;
  /** Called for each call that is answered in front of Connect. */
  readonly onPlain?: () => void;
};

/** What ts-proto generates for us, and not for the library, whose messages need no completion. */
const asGenerated = <Method extends { readonly responseType: object }>(method: Method) => ({
  ...method,
  responseType: { ...method.responseType, fromPartial: (message: object) => message },
});
const definition = {
  ...HealthDefinition,
  methods: { check: asGenerated(HealthDefinition.methods.check), watch: asGenerated(HealthDefinition.methods.watch) },
};

/** The gateway's own parts, in its own order, around a health service that does what a test wants. */
export async function openHealthGateway(
  implementation: Health,
  { maxInFlight = 1000, onPlain = () => undefined }: Options = {},
) {
  const registry = await readServedRegistry();
  const problems: unknown[] = [];
  const server = createInProcessServer<WithHttpHeaders>();
  const deps = { logger: pino({ level: 'silent' }), clock: systemClock, places: createPlaces({ maxInFlight }) };
  // Of the rest of it only what is guarded has need.
  createChain(server, createStreamEnder(), deps as unknown as ChainDeps).open.add(definition, implementation);
  const toConnectError = createToConnectError(registry);
  const plainCalls = createPlainCalls({ find: server.find, toConnectError });
  const { listen, stop } = createHttpServer(
    createRpcHandler({
      ...createConnectHandlers({ registry, find: server.find, toConnectError }),
      plainCalls: {
        ...plainCalls,
        async answer(call, response) {
          const isAnswered = await plainCalls.answer(call, response);
          if (isAnswered) onPlain();
          return isAnswered;
        },
      },
      addressOf: () => '127.0.0.1',
      onRefused: (_request, reason) => problems.push(reason),
      onProblem: (error) => problems.push(error),
    }),
  );
  const port = await listen('127.0.0.1', 0);
  /** @param problems what is no call, and what is a defect */
  return { port, baseUrl: `http://127.0.0.1:${port}`, problems, stop: () => stop(0) };
}
