import type { IncomingHttpHeaders } from 'node:http';
import { httpRefusal } from './http-refusal.ts';
import { identify } from './identify.ts';
import type { AuthenticateOptions, Verify } from './identify.ts';

/** As much of Fastify as the hook uses. */
type Request = { readonly headers: IncomingHttpHeaders };
type Reply = {
  code(status: number): Reply;
  headers(headers: Record<string, string>): Reply;
  send(body: unknown): Reply;
};

/** A hook as Fastify takes it for `onRequest` or `preHandler`. */
export type FastifyHook = (request: Request, reply: Reply) => Promise<unknown>;

/** For Fastify: puts `principal` and `isPrincipalStale` on the request; refuses as authenticateHttp does. */
export function authenticateFastify(verifier: Verify, options: AuthenticateOptions = {}): FastifyHook {
  return async (request, reply) => {
    const identity = await identify(verifier, request.headers.authorization, options);
    if ('principal' in identity) {
      Object.assign(request, identity);
      return;
    }
    const { status, headers, body } = httpRefusal(identity);
    return reply
      .code(status)
      .headers({ ...headers })
      .send(body);
  };
}
