import { createServer, request as requestByHttp } from 'node:http';
import type { Agent, IncomingHttpHeaders, Server } from 'node:http';
import { request as requestByHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import type { roleHolder } from './delegation.ts';

/** Somebody who calls through a proxy. */
export type Caller = Awaited<ReturnType<typeof roleHolder>>;
export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

/** The page that the samples let call. */
export const PAGE = 'https://app.example.com';

/** What a client says of itself that only a proxy may say. */
export const FORGED = {
  'x-user-id': 'forged',
  'x-session-id': 'forged',
  'x-user-roles': 'superadmin',
  'x-auth-revision': '1',
};

/** Ways for somebody who is no manager to say /orders/admin/1. */
export const DISGUISES = [
  '/orders//admin/1',
  '/orders/./admin/1',
  '/orders/x/../admin/1',
  '/orders/%61dmin/1',
  '/orders/catalogue/../admin/1',
];

/** What a page's browser asks before it calls. */
export const preflightOf = (origin: string) => ({
  origin,
  'access-control-request-method': 'DELETE',
  'access-control-request-headers': 'authorization',
});

/** The service behind a proxy: it shows what it was told of the caller, and for which path. */
export async function startOrders(): Promise<Server> {
  const server = createServer(({ headers, method, url = '' }, response) => {
    response.setHeader('x-was-asked', url);
    response.setHeader('x-was-connected', headers.connection ?? 'kept');
    const told = Object.entries(headers).filter(([key]) =>
      /^x.(user|session|auth)|^x-forwarded-(for|host)$|^x-envoy-(internal|original-path)$/.test(key),
    );
    response.end(JSON.stringify({ ...Object.fromEntries(told), method }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

export const portOf = (server: Server) => (server.address() as AddressInfo).port;

export const told = (answer: Answer) => JSON.parse(answer.body) as Record<string, string>;

export const tokenOf = ({ tokens }: Caller) => ({ authorization: `Bearer ${tokens.accessToken}` });

/**
 * What the service behind has to be told of somebody; without roles there is no header for them.
 * @param address what the proxy calls this machine
 */
export function identityOf({ userId, sessionId }: Caller, roles: string, address = '127.0.0.1') {
  return {
    'x-user-id': userId,
    'x-session-id': sessionId,
    ...(roles === '' ? {} : { 'x-user-roles': roles }),
    'x-auth-revision': expect.stringMatching(/^\d+$/) as string,
    'x-forwarded-for': address,
  };
}

export type Send = (
  path: string,
  headers?: Record<string, string | string[]>,
  method?: string,
  host?: string,
) => Promise<Answer>;

type Door = {
  readonly port: number;
  readonly agent: Agent;
  readonly isTls: boolean;
  /** The address of the client; all of 127.0.0.0/8 are this machine. */
  readonly from?: string;
};

/** Requests with exactly these headers, and paths as they are written. A POST has a body. */
export function createSend({ port, agent, isTls, from = '127.0.0.1' }: Door): Send {
  const request = isTls ? requestByHttps : requestByHttp;
  return (path, headers = {}, method = 'GET', host = 'api.example.com') =>
    new Promise<Answer>((resolve, reject) => {
      const options = {
        port,
        host: '127.0.0.1',
        localAddress: from,
        path,
        method,
        agent,
        headers: { host, ...headers },
      };
      request(options, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      })
        .on('error', reject)
        .end(method === 'POST' ? 'some body' : undefined);
    });
}
