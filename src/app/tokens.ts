import { createAccessTokens } from '../tokens/access-token-issuer.ts';
import { createAccessTokenVerifier } from '../tokens/access-token-verifier.ts';
import { createKeyCipher } from '../tokens/key-cipher.ts';
import { keyRotationSettings } from '../tokens/key-rotation-settings.ts';
import { createKeyRing } from '../tokens/key-ring.ts';
import { createRefreshTokens } from '../tokens/refresh-token.ts';
import { createRotateKeys } from '../tokens/rotate-keys.ts';
import { deriveSubkey } from '../tokens/subkey.ts';
import { cacheVerifiedTokens } from '../tokens/verified-token-cache.ts';
import type { Ground } from './ground.ts';
import type { Stores } from './stores.ts';

/** Signing keys, and the tokens that are made and verified with them. A key that is due is made here. */
export async function prepareTokens({ config, clock }: Ground, { functions: { auth }, leaseAuth }: Stores) {
  const cipher = createKeyCipher(deriveSubkey(config.MASTER_KEY, 'signing-key-encryption'));
  const rotateKeys = createRotateKeys({ auth, cipher, clock, ...keyRotationSettings(config) });
  const keys = createKeyRing({ auth: leaseAuth, cipher, clock });
  await rotateKeys('if-due');
  await keys.load();
  const claims = { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE };
  const accessTokens = createAccessTokens({ keys, clock, ...claims, lifetime: config.ACCESS_TOKEN_LIFETIME });
  const refreshTokens = createRefreshTokens({
    token: deriveSubkey(config.MASTER_KEY, 'refresh-token'),
    salt: deriveSubkey(config.MASTER_KEY, 'refresh-token-salt'),
  });
  const verify = cacheVerifiedTokens({
    verify: createAccessTokenVerifier({ keys, clock, ...claims }),
    keys,
    clock,
    size: config.VERIFIED_TOKEN_CACHE,
  });

  return { keys, rotateKeys, claims, accessTokens, refreshTokens, verify };
}

export type Tokens = Awaited<ReturnType<typeof prepareTokens>>;
