import type { AuthServiceClient, ValidateTokenResponse } from '../gen/auth/v1/auth_service.ts';
import { ErrorReason } from '../gen/auth/v1/error_reason.ts';
import type { Principal as PrincipalMessage } from '../gen/auth/v1/principal.ts';
import { tokenProblem, tokenReason } from './verification.ts';
import type { Principal, Verification } from './verification.ts';

/** What the server says of a token. Rejects when it cannot be had. */
export type AskServer = (token: string) => Promise<Verification>;

type Deps = {
  readonly auth: () => Pick<AuthServiceClient, 'validateToken'>;
  /** Milliseconds for one answer. */
  readonly deadline: number;
  /** Aborted when nothing is to be asked any more. */
  readonly signal: AbortSignal;
};

/** Asks ValidateToken. Those who ask for the same token at the same time share one call. */
export function createAskServer({ auth, deadline, signal }: Deps): AskServer {
  const asking = new Map<string, Promise<Verification>>();

  async function ask(accessToken: string): Promise<Verification> {
    const call = new AbortController();
    const abort = () => call.abort();
    const timer = setTimeout(abort, deadline);
    signal.addEventListener('abort', abort);
    try {
      signal.throwIfAborted();
      return toVerification(await auth().validateToken({ accessToken }, { signal: call.signal }));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      asking.delete(accessToken);
    }
  }

  return (token) => {
    let answer = asking.get(token);
    if (!answer) {
      answer = ask(token);
      asking.set(token, answer);
    }
    return answer;
  };
}

/** @throws for an answer that this version does not understand: it is none */
export function toVerification({ result }: Pick<ValidateTokenResponse, 'result'>): Verification {
  if (result?.$case === 'principal') return { principal: toPrincipal(result.value), isStale: false };
  const reason = result && reasonName(result.value.reason);
  if (!reason) throw new Error('ValidateToken gave an answer that is not understood.');
  return { problem: tokenProblem(reason), isStale: false };
}

function toPrincipal({ userId, sessionId, tokenId, roles, issueTime, expireTime }: PrincipalMessage): Principal {
  if (userId === '' || !issueTime || !expireTime) throw new Error('ValidateToken gave a principal without its parts.');
  return { userId, sessionId, tokenId, roles, issuedAt: issueTime.getTime(), expiresAt: expireTime.getTime() };
}

const NAMES: ReadonlyMap<ErrorReason, string> = new Map(
  Object.entries(ErrorReason).map(([name, reason]) => [reason, name]),
);

function reasonName(reason: ErrorReason) {
  return tokenReason(NAMES.get(reason) ?? '');
}
