import type { ServiceImplementation } from 'nice-grpc';
import type { ExplainedToken, ExplainToken } from '../../auth/explain-token.ts';
import type { TokensAdminServiceDefinition } from '../../gen/auth/v1/tokens_admin_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';
import { presentedToken } from './presented-token.ts';
import { toProblem } from './validation-messages.ts';

type Deps = { readonly explainToken: ExplainToken };

/** auth.v1.TokensAdminService: messages to inputs, results to messages. */
export function createTokensAdminService(deps: Deps): ServiceImplementation<TokensAdminServiceDefinition, WithCaller> {
  return {
    async explainToken({ accessToken }, { caller }) {
      const explained = await deps.explainToken(presentedToken(accessToken), signedIn(caller));
      const { problem, claims, keyId, key, revocations, session, account, revision } = explained;
      return {
        problem: problem === null ? undefined : toProblem(problem),
        claims: claims ? toPrincipal(claims) : undefined,
        keyId: keyId ?? '',
        key: key
          ? { algorithm: key.algorithm, activeTime: new Date(key.activeFrom), retireTime: toTime(key.retiredAt) }
          : undefined,
        revocations: revocations.map(toRevocation),
        session: session ? toSession(session) : undefined,
        account: account ?? undefined,
        revision,
      };
    },
  };
}

/** A claim that cannot be read is left empty. */
function toPrincipal(claims: NonNullable<ExplainedToken['claims']>) {
  return {
    userId: claims.userId ?? '',
    sessionId: claims.sessionId ?? '',
    tokenId: claims.tokenId ?? '',
    roles: [...claims.roles],
    issueTime: toTime(claims.issuedAt),
    expireTime: toTime(claims.expiresAt),
  };
}

function toRevocation(revocation: ExplainedToken['revocations'][number]) {
  const { revision, kind, subject, trigger, createdAt, revokedBy } = revocation;
  return {
    revision,
    subject: { $case: kind === 'token' ? ('tokenId' as const) : ('sessionId' as const), value: subject },
    trigger,
    createTime: createdAt,
    revokedBy: revokedBy ?? '',
  };
}

function toSession(session: NonNullable<ExplainedToken['session']>) {
  return {
    createTime: session.createdAt,
    lastUseTime: session.lastUsedAt,
    expireTime: session.expiresAt,
    endTime: session.endedAt ?? undefined,
    endTrigger: session.endTrigger ?? '',
    endedBy: session.endedBy ?? '',
  };
}

function toTime(milliseconds: number | null): Date | undefined {
  return milliseconds === null ? undefined : new Date(milliseconds);
}
