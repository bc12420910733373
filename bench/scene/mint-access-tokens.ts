import { systemClock } from '../../src/clock.ts';
import type { Config } from '../../src/config/settings.ts';
import { createCallFunction } from '../../src/db/call-function.ts';
import { createDatabaseFunctions } from '../../src/db/functions.ts';
import { createPool } from '../../src/db/pool.ts';
import { createAccessTokens } from '../../src/tokens/access-token-issuer.ts';
import { createAccessTokenVerifier } from '../../src/tokens/access-token-verifier.ts';
import { createKeyCipher } from '../../src/tokens/key-cipher.ts';
import { createKeyRing } from '../../src/tokens/key-ring.ts';
import { deriveSubkey } from '../../src/tokens/subkey.ts';

/**
 * Live tokens of the person of `accessToken`, all different, made by the service's own code with its own key.
 *
 * @param sessions how many of the session of `accessToken`, or the sessions of which there is to be one each
 */
export async function mintAccessTokens(
  config: Config,
  accessToken: string,
  sessions: number | readonly string[],
): Promise<string[]> {
  const clock = systemClock;
  const pool = createPool({
    url: config.DATABASE_URL,
    size: 1,
    connectTimeout: 2000,
    queryTimeout: 10_000,
    onIdleError: () => undefined,
  });
  try {
    const { auth } = createDatabaseFunctions(createCallFunction(pool));
    const cipher = createKeyCipher(deriveSubkey(config.MASTER_KEY, 'signing-key-encryption'));
    const keys = createKeyRing({ auth, cipher, clock });
    await keys.load();
    const claims = { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE };
    const subject = createAccessTokenVerifier({ keys, clock, ...claims })(accessToken);
    if (typeof subject === 'string') throw new Error(`The session's own token is refused: ${subject}`);
    const issuer = createAccessTokens({ keys, clock, ...claims, lifetime: config.ACCESS_TOKEN_LIFETIME });
    const sessionIds =
      typeof sessions === 'number' ? Array.from({ length: sessions }, () => subject.sessionId) : sessions;
    return await Promise.all(sessionIds.map((sessionId) => issuer.issue(issuer.plan(), { ...subject, sessionId })));
  } finally {
    await pool.end();
  }
}
