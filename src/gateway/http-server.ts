import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { StartProblem } from '../errors/start-problem.ts';
import type { HttpHandler } from './routes.ts';

type HttpServer = {
  /** @returns the port, which is another than asked for if that was 0 */
  readonly listen: (host: string, port: number) => Promise<number>;
  /** Takes no new connections and lets answers under way finish; after `grace` milliseconds they are broken off. */
  readonly stop: (grace: number) => Promise<void>;
};

/** Milliseconds for the headers of a request, and for all of it: enough for a phone in a lift, too little to hold many. */
const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 30_000;
/** Longer than proxies keep theirs (nginx and Envoy: 60 s and less), so that none sends into a connection that just closes. */
const KEEP_ALIVE = 75_000;
/** A connection on which nothing moves, as with somebody who does not take his answer. */
const IDLE = 120_000;
/** How often the first two are looked after; by default they could take half a minute longer. */
const CHECKS = 2_000;

export function createHttpServer(handler: HttpHandler): HttpServer {
  let isStopping = false;
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      keepAliveTimeout: KEEP_ALIVE,
      connectionsCheckingInterval: CHECKS,
    },
    (request, response) => {
      response.once('close', () => {
        // The connection of an answer that was under way at the stop; it would wait for a next request.
        if (isStopping) setImmediate(() => server.closeIdleConnections());
      });
      handler(request, response);
    },
  );
  server.setTimeout(IDLE);
  return {
    async listen(host, port) {
      const listening = Promise.withResolvers<void>();
      server.once('error', (cause) => {
        const advice = 'Is another process using it? GATEWAY_ADDRESS says where to serve, or `off`.';
        listening.reject(new StartProblem(`Cannot listen on ${host}:${port}. ${advice}`, { cause }));
      });
      server.listen({ host, port }, () => listening.resolve());
      await listening.promise;
      return (server.address() as AddressInfo).port;
    },
    async stop(grace) {
      isStopping = true;
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeIdleConnections();
      await Promise.race([closed.promise, delay(grace, undefined, { ref: false })]);
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
