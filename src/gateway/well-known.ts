import type { KeyRing } from '../tokens/key-ring.ts';
import { createDocument } from './document.ts';
import type { Origins } from './origins.ts';
import type { HttpHandler } from './routes.ts';

type Deps = {
  readonly keys: Pick<KeyRing, 'list'>;
  /** How long verifiers may cache the keys, in milliseconds: no longer than a key is published before it signs. */
  readonly maxAge: number;
  /** The claim `iss` of access tokens. */
  readonly issuer: string;
  readonly origins: Pick<Origins, 'own'>;
};

const JWKS_PATH = '/.well-known/jwks.json';

/**
 * The public keys (RFC 7517), and where they are found (OpenID Connect Discovery 1.0, section 3; RFC 8414), as far as it is
 * true: this is no OpenID provider, so nothing is said of endpoints that are not there.
 */
export function createWellKnown({ keys, maxAge, issuer, origins }: Deps): ReadonlyMap<string, HttpHandler> {
  const jwks = () => ({ keys: keys.list().map(({ publicJwk }) => publicJwk) });
  const configuration = () => ({
    issuer,
    jwks_uri: `${origins.own()[0]}${JWKS_PATH}`,
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.list().map(({ publicJwk }) => publicJwk.alg))].sort(),
    claims_supported: ['iss', 'aud', 'sub', 'exp', 'iat', 'jti', 'sid', 'roles'],
  });
  return new Map([
    // RFC 7517, section 8.5.2.
    [JWKS_PATH, createDocument({ type: 'application/jwk-set+json', maxAge, read: jwks })],
    ['/.well-known/openid-configuration', createDocument({ type: 'application/json', maxAge, read: configuration })],
  ]);
}
