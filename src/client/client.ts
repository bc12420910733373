// What other services import as `auth-service/client`. Documented in docs/client.md.
export { createTokenVerifier } from './token-verifier.ts';
export type { TokenVerifier, TokenVerifierOptions } from './token-verifier.ts';
export { createStreamedValidator } from './streamed-validator.ts';
export type { StreamedValidator, StreamedValidatorOptions } from './streamed-validator.ts';
export type { ConnectionOptions, TlsOptions } from './connection.ts';
export type { Principal, TokenProblem, TokenReason, Verification } from './verification.ts';
export { RefreshRefusedError, VerificationUnavailableError } from './errors.ts';

export { authenticate } from './authenticate.ts';
export { authenticateHandler } from './authenticate-grpc-js.ts';
export { authenticateHttp } from './authenticate-http.ts';
export { authenticateExpress } from './authenticate-express.ts';
export type { ExpressHandler } from './authenticate-express.ts';
export { authenticateFastify } from './authenticate-fastify.ts';
export type { FastifyHook } from './authenticate-fastify.ts';
export type { AuthenticateOptions, Verify, WithOptionalPrincipal, WithPrincipal } from './identify.ts';

export { attachAccessToken } from './attach-access-token.ts';
export type { AttachAccessTokenOptions } from './attach-access-token.ts';
export type { TokenStore } from './refresh-once.ts';
