import type { Redis } from 'ioredis';

/**
 * The revoked access tokens by `jti`, each until its own expiry and the leeway: `auth:revoked:<jti>`. A projection for gateways in other
 * languages and for people who look; this service decides by PostgreSQL and its own memory, so losing it revives nothing.
 */
export type Blacklist = { readonly add: (tokenId: string, expiresAt: number) => Promise<void> };

export function createBlacklist(redis: Pick<Redis, 'set'>): Blacklist {
  return {
    async add(tokenId, expiresAt) {
      await redis.set(`auth:revoked:${tokenId}`, '1', 'PXAT', expiresAt);
    },
  };
}
