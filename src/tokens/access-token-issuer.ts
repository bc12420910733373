import { randomInt, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { signJws } from './jws-signature.ts';
import type { KeyRing } from './key-ring.ts';

/** The id and times of an access token, fixed before it is signed: the session's row must know its end. */
export type AccessTokenPlan = { readonly tokenId: string; readonly issuedAt: Date; readonly expiresAt: Date };

type AccessTokenSubject = {
  readonly userId: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
};

export type AccessTokens = {
  readonly plan: () => AccessTokenPlan;
  /** Signs (RFC 9068). With EdDSA and RS256 the same plan, subject and key give the same text. */
  readonly issue: (plan: AccessTokenPlan, subject: AccessTokenSubject) => Promise<string>;
};

type Deps = {
  readonly keys: Pick<KeyRing, 'current'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly issuer: string;
  readonly audience: string;
  /** Milliseconds. */
  readonly lifetime: number;
};

export function createAccessTokens({ keys, clock, issuer, audience, lifetime }: Deps): AccessTokens {
  return {
    plan() {
      // JWT times are whole seconds. Up to 5 % shorter, so that fleets do not refresh in step.
      const issuedAt = Math.floor(clock.now() / 1000);
      const seconds = Math.floor((lifetime / 1000) * (1 - randomInt(0, 50_001) / 1_000_000));
      return {
        tokenId: randomUUID(),
        issuedAt: new Date(issuedAt * 1000),
        expiresAt: new Date((issuedAt + seconds) * 1000),
      };
    },
    async issue(plan, subject) {
      const key = keys.current();
      const header = { alg: key.algorithm, kid: key.kid, typ: 'at+jwt' };
      const claims = {
        iss: issuer,
        aud: audience,
        sub: subject.userId,
        sid: subject.sessionId,
        roles: subject.roles,
        jti: plan.tokenId,
        iat: plan.issuedAt.getTime() / 1000,
        exp: plan.expiresAt.getTime() / 1000,
      };
      const input = `${toBase64url(header)}.${toBase64url(claims)}`;
      const signature = await signJws(key, Buffer.from(input, 'ascii'));
      return `${input}.${signature.toString('base64url')}`;
    },
  };
}

function toBase64url(json: object): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}
