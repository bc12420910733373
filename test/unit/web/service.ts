import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect';
import type { ConnectRouter, Interceptor } from '@connectrpc/connect';
import { TokenPairSchema } from '../../../src/gen/web/auth/v1/token_pb.js';
import { ErrorInfoSchema } from '../../../src/gen/web/google/rpc/error_details_pb.js';
import type { Reason } from '../../../src/web/calls/failure.ts';

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An access token as the page reads it; nobody verifies it here. */
export function tokens(name: string, { lifetime = 1800, userId = 'ada' } = {}) {
  const claims = { sub: userId, roles: ['customer'], iat: 1000, exp: 1000 + lifetime, jti: name };
  return create(TokenPairSchema, {
    accessToken: `${encode({ alg: 'EdDSA' })}.${encode(claims)}.signature`,
    accessTokenExpireTime: timestampFromMs(0),
    sessionId: `session of ${name}`,
  });
}

export function refusal(reason: Reason, code = Code.Unauthenticated, headers?: Record<string, string>): ConnectError {
  const info = { reason, domain: 'auth-service', metadata: {} };
  return new ConnectError(reason, code, headers, [{ desc: ErrorInfoSchema, value: info }]);
}

/** What the page calls, answered in this process. */
export function transportTo(routes: (router: ConnectRouter) => void, interceptors: Interceptor[] = []) {
  return createRouterTransport(routes, { transport: { interceptors, baseUrl: 'https://auth.example.com' } });
}
