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

/** Times in milliseconds. */
const LIMITS = {
  /** More than people make, and no more than a process has descriptors for. */
  connections: 10_000,
  /** For the headers of a request, and for all of it: enough for a phone in a lift, too little to hold many. */
  headers: 10_000,
  wholeRequest: 30_000,
  /** Longer than proxies keep theirs (nginx and Envoy: 60 s and less), so that none sends into a connection that just closes. */
  keepAlive: 75_000,
  /** A connection on which nothing moves, as with somebody who does not take his answer. */
  idle: 120_000,
  /** How often the first two are looked after; by default they could take half a minute longer. */
  checks: 2_000,
};

/** @param limits in place of ours */
export function createHttpServer(handler: HttpHandler, limits: Partial<typeof LIMITS> = {}): HttpServer {
  const { connections, headers, wholeRequest, keepAlive, idle, checks } = { ...LIMITS, ...limits };
  let isStopping = false;
  const server = createServer(
    {
      headersTimeout: headers,
      requestTimeout: wholeRequest,
      keepAliveTimeout: keepAlive,
      connectionsCheckingInterval: checks,
    },
    (request, response) => {
      response.once('close', () => {
        // The connection of an answer that was under way at the stop; it would wait for a next request.
        if (isStopping) setImmediate(() => server.closeIdleConnections());
      });
      handler(request, response);
    },
  );
  server.setTimeout(idle);
  server.maxConnections = connections;
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
