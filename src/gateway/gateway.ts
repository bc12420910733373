import type { FileRegistry } from '@bufbuild/protobuf';
import { createContextValues } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import proxyAddress from 'proxy-addr';
import { Access } from '../gen/auth/options/v1/access.ts';
import { addServices } from '../grpc/add-services.ts';
import type { Services } from '../grpc/add-services.ts';
import { createChain } from '../grpc/chain.ts';
import type { SharedChainDeps } from '../grpc/chain.ts';
import { createInProcessServer } from '../grpc/in-process-server.ts';
import { createStreamEnder } from '../grpc/middleware/end-streams.ts';
import { createWireFormats } from '../grpc/wire-format.ts';
import type { KeyRing } from '../tokens/key-ring.ts';
import { clientAddressKey } from './call-context.ts';
import { createHttpServer } from './http-server.ts';
import { createOrigins } from './origins.ts';
import { createPage } from './page.ts';
import { createRoutes } from './routes.ts';
import { createRpcRoutes } from './rpc-routes.ts';
import { createWellKnown } from './well-known.ts';

type GatewayDeps = {
  readonly services: Services;
  /** What calls pass, but for what says who calls: here nobody is a service. */
  readonly chain: SharedChainDeps;
  /** Of all that is served. */
  readonly registry: FileRegistry;
  /** The origin by which browsers reach the listener; undefined: on the machine itself. */
  readonly url: string | undefined;
  /** The origins of other pages that may call. */
  readonly browserOrigins: readonly string[];
  /** Addresses and networks of proxies whose `x-forwarded-for` is believed. */
  readonly trustedProxies: readonly string[];
  readonly keys: Pick<KeyRing, 'list'>;
  /** How long verifiers may cache the keys, in milliseconds. */
  readonly keysMaxAge: number;
  readonly issuer: string;
  /** Where the account page was built to. */
  readonly pageDirectory: string;
};

type Gateway = {
  /** @returns the port, which is another than asked for if that was 0 */
  readonly listen: (host: string, port: number) => Promise<number>;
  readonly stop: (grace: number) => Promise<void>;
};

/** As for gRPC. */
const LONGEST_MESSAGE = 1024 * 1024;

/** The listener for browsers: what browsers may call, in the protocols that they speak, the keys, and the account page. */
export function createGateway(deps: GatewayDeps): Gateway {
  const { registry, chain } = deps;
  let port = 0;
  const origins = createOrigins({ url: deps.url, others: deps.browserOrigins, port: () => port });
  const streams = createStreamEnder();
  const server = createInProcessServer();
  const { guarded } = createChain(server, streams, {
    ...chain,
    recognizeService: () => null,
    provedKey: () => null,
  });
  addServices(guarded, streams.middleware, deps.services, createWireFormats(registry));

  // Default deny: what is for services and administrators is not here at all.
  const isMounted = (path: string) => {
    const access = chain.rules.get(path)?.access;
    return access === Access.PUBLIC || access === Access.USER;
  };
  const believes = proxyAddress.compile([...deps.trustedProxies]);
  const calls = connectNodeAdapter({
    routes: createRpcRoutes({ registry, server, isMounted }),
    readMaxBytes: LONGEST_MESSAGE,
    contextValues: (request) => createContextValues().set(clientAddressKey, proxyAddress(request as never, believes)),
    // It is the other listener that speaks gRPC.
    grpc: false,
  });
  const { listen, stop } = createHttpServer(
    createRoutes({
      origins,
      documents: createWellKnown({ ...deps, origins, maxAge: deps.keysMaxAge }),
      forProxies: new Map(),
      isCall: isMounted,
      calls,
      page: createPage(deps.pageDirectory),
    }),
  );
  return {
    async listen(host, wanted) {
      port = await listen(host, wanted);
      return port;
    },
    async stop(grace) {
      streams.endAll();
      await stop(grace);
    },
  };
}
