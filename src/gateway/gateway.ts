import type { IncomingMessage } from 'node:http';
import type { FileRegistry } from '@bufbuild/protobuf';
import { reasons } from '../errors/reasons.ts';
import type { Reason } from '../errors/reasons.ts';
import type { CheckRequest } from '../auth/check-request.ts';
import { Access } from '../gen/auth/options/v1/access.ts';
import { addServices } from '../grpc/add-services.ts';
import type { Services } from '../grpc/add-services.ts';
import { createChain } from '../grpc/chain.ts';
import type { SharedChainDeps } from '../grpc/chain.ts';
import { createInProcessServer } from '../grpc/in-process-server.ts';
import { createStreamEnder } from '../grpc/middleware/end-streams.ts';
import { createWireFormats } from '../grpc/wire-format.ts';
import type { DpopNonces } from '../tokens/dpop-nonce.ts';
import { createDpopProofVerifier } from '../tokens/dpop-proof.ts';
import type { KeyRing } from '../tokens/key-ring.ts';
import type { WithHttpHeaders } from './call-context.ts';
import { createClientAddress } from './client-address.ts';
import { createConnectHandlers } from './connect-handlers.ts';
import { createHealth } from './health.ts';
import { createHttpServer } from './http-server.ts';
import type { Origins } from './origins.ts';
import { createPage } from './page.ts';
import { createPlainCalls } from './plain-calls.ts';
import { createRefreshCookie } from './refresh-cookie.ts';
import { createRoutes } from './routes.ts';
import { createRpcHandler } from './rpc-handler.ts';
import { createToConnectError } from './to-connect-error.ts';
import { createVerify } from './verify.ts';
import { createWellKnown } from './well-known.ts';

type GatewayDeps = {
  readonly services: Services;
  /** What calls pass, but for what says who calls: here nobody is a service. */
  readonly chain: SharedChainDeps;
  /** Of all that is served. */
  readonly registry: FileRegistry;
  readonly origins: Origins;
  readonly nonces: DpopNonces;
  /** What proxies ask, by HTTP as by Envoy's Check. */
  readonly checkRequest: CheckRequest;
  /** Addresses and networks of proxies whose `x-forwarded-for` is believed. */
  readonly trustedProxies: readonly string[];
  readonly keys: Pick<KeyRing, 'list'>;
  /** How long verifiers may cache the keys, in milliseconds. */
  readonly keysMaxAge: number;
  readonly issuer: string;
  /** What gRPC's health service says. */
  readonly isHealthy: () => boolean;
  /** Where the account page was built to. */
  readonly pageDirectory: string;
};

type Gateway = {
  /** @returns the port, which is another than asked for if that was 0 */
  readonly listen: (host: string, port: number) => Promise<number>;
  readonly stop: (grace: number) => Promise<void>;
};

/** The listener for browsers: what browsers may call, in the protocols that they speak, the keys, and the account page. */
export function createGateway(deps: GatewayDeps): Gateway {
  const { registry, chain, origins, nonces } = deps;
  const streams = createStreamEnder();
  const server = createInProcessServer<WithHttpHeaders>();
  const { guarded } = createChain(server, streams, {
    ...chain,
    recognizeService: () => null,
  });
  const verifyProof = createDpopProofVerifier({ nonces, clock: chain.clock });
  const withCookies = guarded.with(createRefreshCookie({ registry, origins, nonces, verifyProof, clock: chain.clock }));
  addServices(withCookies, streams.middleware, deps.services, createWireFormats(registry));

  // Default deny: what is for services and administrators is not here at all.
  const isMounted = (path: string) => {
    const access = chain.rules.get(path)?.access;
    return access === Access.PUBLIC || access === Access.USER;
  };
  const find = (path: string) => (isMounted(path) ? server.find(path) : undefined);
  const addressOf = createClientAddress(deps.trustedProxies);
  // What the chain refuses, it notes itself.
  const onRefused = ({ url = '' }: IncomingMessage, reason: Reason) =>
    chain.logger[reasons[reason].level]({ method: url.split('?', 1)[0], reason }, 'call');
  const onProblem = (error: unknown) => chain.logger.error({ err: error }, 'gateway');
  const toConnectError = createToConnectError(registry);
  const calls = createRpcHandler({
    ...createConnectHandlers({ registry, find, toConnectError }),
    plainCalls: createPlainCalls({ find, toConnectError }),
    addressOf,
    onRefused,
    onProblem,
  });
  const { listen, stop } = createHttpServer(
    createRoutes({
      origins,
      documents: createWellKnown({ ...deps, origins, maxAge: deps.keysMaxAge }),
      forProxies: new Map([...createVerify({ ...deps, logger: chain.logger }), ...createHealth(deps.isHealthy)]),
      isCall: isMounted,
      calls,
      onRefused,
      onProblem,
      page: createPage(deps.pageDirectory),
    }),
  );
  return {
    listen,
    async stop(grace) {
      streams.endAll();
      await stop(grace);
    },
  };
}
