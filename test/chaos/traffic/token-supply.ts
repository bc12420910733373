import { randomUUID } from 'node:crypto';
import { createAccessTokens } from '../../../src/tokens/access-token-issuer.ts';
import { systemClock } from '../../../src/clock.ts';
import { register } from '../../support/people.ts';
import type { PrivatePostgres } from '../../support/private-postgres.ts';
import type { Clients } from '../../support/service.ts';
import { signingKeyOf } from '../../support/signing.ts';

/** Live access tokens, each of a session of its own, as many as are wanted, without the calls that they would take. */
export type TokenSupply = { readonly take: (count: number) => Promise<string[]> };

/** As the settings are by default. */
const CLAIMS = { issuer: 'auth-service', audience: 'internal', lifetime: 30 * 60_000 };

export async function createTokenSupply(
  clients: Pick<Clients, 'auth'>,
  postgres: Pick<PrivatePostgres, 'query'>,
): Promise<TokenSupply> {
  const { userId, roles } = await register(clients);
  const key = await signingKeyOf(postgres);
  const issuer = createAccessTokens({ keys: { current: () => key }, clock: systemClock, ...CLAIMS });
  return {
    async take(count) {
      const sessionIds = Array.from({ length: count }, () => randomUUID());
      await postgres.query(
        `insert into auth.sessions (id, user_id, expires_at, access_expires_at)
         select id, $2, now() + interval '30 days', now() + interval '30 minutes' from unnest($1::uuid[]) id`,
        [sessionIds, userId],
      );
      return await Promise.all(
        sessionIds.map((sessionId) => issuer.issue(issuer.plan(), { userId, sessionId, roles })),
      );
    },
  };
}
