import type { ServiceImplementation } from 'nice-grpc';
import type { RevocationNews, WatchRevocations } from '../../auth/watch-revocations.ts';
import { AppError } from '../../errors/app-error.ts';
import { TokenProfile, WatchRevocationsResponse } from '../../gen/auth/v1/revocations_service.ts';
import type { Revocation, RevocationsServiceDefinition } from '../../gen/auth/v1/revocations_service.ts';
import { encodedResponse } from '../encoded-response.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import type { WithAbortOnTerminate } from '../middleware/end-streams.ts';
import { toDuration } from './durations.ts';

type Deps = {
  readonly watchRevocations: WatchRevocations;
  /** What tokens are verified by, beside the keys. The lifetime in milliseconds. */
  readonly profile: { readonly issuer: string; readonly audience: string; readonly longestLifetime: number };
};

/** auth.v1.RevocationsService: what verifiers follow. */
export function createRevocationsService({
  watchRevocations,
  profile,
}: Deps): ServiceImplementation<RevocationsServiceDefinition, WithCaller & WithAbortOnTerminate> {
  return {
    async *watchRevocations({ afterRevision }, { signal, abortOnTerminate }) {
      if (afterRevision < 0) {
        const violation = { field: 'after_revision', description: 'must not be negative' };
        throw new AppError('INVALID_REQUEST', { violations: [violation] });
      }
      abortOnTerminate();
      for await (const { revision, revocations, keys, completeUntil } of watchRevocations(afterRevision, signal)) {
        const tokenProfile = keys && {
          keys: keys.map(({ publicJwk }) => publicJwk),
          issuer: profile.issuer,
          audience: profile.audience,
          longestLifetime: toDuration(profile.longestLifetime),
        };
        const response = WatchRevocationsResponse.encode({
          revision,
          revocations: revocations.map(toRevocation),
          tokenProfile: tokenProfile ? TokenProfile.fromPartial(tokenProfile) : undefined,
          completeUntil: completeUntil === null ? undefined : toDuration(completeUntil),
        });
        // As bytes: what a slow watcher leaves waiting is then a fifth in memory.
        yield encodedResponse(Buffer.from(response.finish()));
      }
    },
  };
}

type News = RevocationNews['revocations'][number];

function toRevocation(news: News): Revocation {
  return { revision: news.revision, subject: toSubject(news), expireTime: new Date(news.expiresAt * 1000) };
}

function toSubject({ kind, subject, roles = [] }: News): Revocation['subject'] {
  switch (kind) {
    case 'token':
      return { $case: 'tokenId', value: subject };
    case 'session':
      return { $case: 'sessionId', value: subject };
    case 'roles':
      return { $case: 'roleChange', value: { userId: subject, roles: [...roles] } };
  }
}
